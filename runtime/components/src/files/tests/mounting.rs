//! Which directories go together.

use super::super::{Error, Mount, Mounts};
use super::*;

fn mount(path: &str, access: Access, tree: &Arc<Tree>) -> Mount {
    Mount {
        path: path.parse().unwrap(),
        access,
        tree: Arc::clone(tree),
        links: false,
    }
}

#[test]
fn one_component_has_never_two_rights_to_one_tree() {
    use Access::{ReadOnly, ReadWrite};
    let world = World::new();
    std::fs::create_dir_all(world.path("a/in/deep")).unwrap();
    std::fs::create_dir(world.path("b")).unwrap();
    std::os::unix::fs::symlink("a/in/deep", world.path("alias")).unwrap();
    let tree = |path| world.trees.open(&world.path(path), PLENTY).unwrap();
    let (a, b) = (tree("a"), tree("b"));
    for other in ["a", "a/in", "a/in/deep", "alias", "b/../a/in", ""] {
        let other = tree(other);
        for pair in [
            vec![mount("/one", ReadOnly, &a), mount("/two", ReadWrite, &other)],
            vec![mount("/one", ReadWrite, &other), mount("/two", ReadOnly, &a)],
        ] {
            let refused = Mounts::new(pair).unwrap_err();
            assert!(matches!(refused, Error::Overlap { .. }), "{refused}");
        }
    }
    Mounts::new(vec![mount("/one", ReadOnly, &a), mount("/two", ReadWrite, &b)]).unwrap();
    let refused = Mounts::new(vec![mount("/x", ReadOnly, &a), mount("/x/y", ReadWrite, &b)]).unwrap_err();
    assert!(matches!(refused, Error::GuestOverlap { .. }), "{refused}");
}

#[test]
fn one_directory_is_one_tree_with_one_quota() {
    let world = World::new();
    std::os::unix::fs::symlink("granted", world.folder.path().join("alias")).unwrap();
    let tree = world.tree(PLENTY);
    let alias = world
        .trees
        .open(&world.folder.path().join("alias"), PLENTY)
        .unwrap();
    assert!(Arc::ptr_eq(&tree, &alias));
    let other = Quota { bytes: 1, entries: 1 };
    let refused = world.trees.open(&world.path(""), other).unwrap_err();
    assert!(refused.to_string().contains("one quota"), "{refused}");
    // Whom the operator lets change it, does so for all.
    let anew = world.trees.open_anew(&world.path(""), other).unwrap();
    assert!(Arc::ptr_eq(&tree, &anew));
    assert!(world.trees.open(&world.path(""), PLENTY).is_err());
    assert!(Arc::ptr_eq(
        &tree,
        &world.trees.share(&world.path(""), PLENTY).unwrap()
    ));
    drop((tree, alias, anew));
    assert!(world.trees.open(&world.path(""), other).is_ok());
}

#[test]
fn what_is_no_directory_of_files_is_not_mounted() {
    let world = World::new();
    std::fs::write(world.path("file"), "").unwrap();
    for path in ["missing", "file"] {
        let refused = world.trees.open(&world.path(path), PLENTY).unwrap_err();
        assert!(matches!(refused, Error::Directory { .. }), "{refused}");
        assert!(refused.to_string().contains(path), "{refused}");
    }
    for path in ["/proc", "/proc/self", "/sys"] {
        let refused = world.trees.open(Path::new(path), PLENTY).unwrap_err();
        assert!(matches!(refused, Error::Kernel { .. }), "{refused}");
    }
}

#[test]
fn a_directory_that_is_renamed_after_it_was_granted_is_still_the_one_that_was_granted() {
    let world = World::new();
    std::fs::write(world.path("file"), "granted").unwrap();
    let granted = world.grant(PLENTY);
    std::fs::rename(world.path(""), world.folder.path().join("moved")).unwrap();
    std::fs::create_dir(world.path("")).unwrap();
    std::fs::write(world.path("file"), "another").unwrap();
    assert_eq!(
        open(&granted, "file", READ).unwrap().read(10, 0).unwrap(),
        b"granted"
    );
}
