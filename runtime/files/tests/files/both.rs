//! A folder of this machine and one as a guest sees it give the same answers.

use openclaw_files::{Folder, Machine, Plain, Roots};

use crate::Work;
use crate::script::{calls, fill, tree};

#[test]
fn sixty_calls_give_the_same_answers_and_the_same_files() {
    let (one, other) = (Work::new(), Work::new());
    fill(&one.path(""));
    fill(&other.path(""));
    let roots = Roots::new("/workspace");
    let machine = Machine::open_as(&one.path(""), roots.clone()).unwrap();
    let plain = Plain::new(other.path(""), roots);
    let script = calls();
    assert!(script.len() >= 60, "{}", script.len());
    for (tool, arguments) in script {
        let [first, second] = [&machine as &dyn Folder, &plain]
            .map(|folder| serde_json::to_string(&tool.call(folder, &arguments)).unwrap());
        assert_eq!(first, second, "{} {arguments}", tool.name());
        assert_eq!(
            tree(&one.path("")),
            tree(&other.path("")),
            "{} {arguments}",
            tool.name()
        );
    }
}
