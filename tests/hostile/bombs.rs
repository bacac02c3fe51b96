//! Components that are dear to compile.
//!
//! Each is valid WebAssembly. What the bounds do not refuse unread goes to a process of its own, and either that gets it
//! done within its bounds or the component is refused; the process is gone in both cases, and nobody waited for it.

mod module;

use std::fs;
use std::time::{Duration, Instant};

use openclaw_components::{Bound, CompileFailure, CompileLimits, Error};
use serde_json::json;

use crate::ordeal::House;
use module::{body, component, exports, func, imports, leb, module, section, vector};

/// A fraction of what compiling may usually take, so that those that reach the end of it reach it soon.
const LIMITS: CompileLimits = CompileLimits {
    cpu_seconds: 4,
    memory: 512 << 20,
    wait: Duration::from_secs(100),
};
/// What a process holds beside what the limit counts: its program, and what it was handed.
const BESIDE: u64 = 192 << 20;

/// What became of a component.
#[derive(Debug)]
enum Fate {
    Compiled,
    Refused(Error),
}

/// The processes that this one has started and that are still there, with the most memory that each ever had.
fn children() -> Vec<(u32, u64)> {
    let me = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next().map(str::to_owned)
        };
        if value("PPid:").as_deref() == Some(me.as_str()) {
            let peak: u64 = value("VmHWM:").map_or(0, |kib| kib.parse().unwrap());
            found.push((pid, peak << 10));
        }
    }
    found
}

/// Installs it, with an eye on the process that compiles it.
async fn detonate(name: &str, component: &[u8]) -> Fate {
    let house = House::open_with(|options| options.compiler.limits = LIMITS).await;
    let package = house.fixture.package(name, component, &json!({}));
    let attack = async {
        let begun = Instant::now();
        let watch = async {
            let mut peak = 0;
            loop {
                peak = children().into_iter().map(|(_, most)| most).fold(peak, u64::max);
                assert!(
                    peak < LIMITS.memory + BESIDE,
                    "the compiler took {} MiB",
                    peak >> 20
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let installed = tokio::select! {
            installed = house.fixture.host.install(&package) => installed,
            () = watch => unreachable!("it has no end"),
        };
        assert!(begun.elapsed() < LIMITS.wait, "{:?}", begun.elapsed());
        assert_eq!(children(), [], "the compiler is still there");
        installed
    };
    // How many lines there are shows only when it is over.
    let installed = house.ordeal("nobody", 0, attack).await;
    let lines = house.lines(name).await;
    match installed {
        Ok(_) => {
            assert!(lines.is_empty(), "{lines:?}");
            Fate::Compiled
        }
        Err(error) => {
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert_eq!(
                (lines[0].action.as_str(), lines[0].outcome.as_str()),
                ("extension.refuse", "denied")
            );
            Fate::Refused(error)
        }
    }
}

/// It is refused unread, for this.
async fn is_refused(name: &str, component: &[u8], wanted: Bound) {
    let begun = Instant::now();
    let fate = detonate(name, component).await;
    assert!(
        matches!(&fate, Fate::Refused(Error::TooComplex { bound, .. }) if *bound == wanted),
        "{name}: {fate:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{name}: {:?}",
        begun.elapsed()
    );
}

/// The compiler gets it done, or gives up at its limits.
async fn is_bounded(name: &str, component: &[u8]) {
    match detonate(name, component).await {
        Fate::Compiled => {}
        Fate::Refused(Error::Compile(CompileFailure::Time(_) | CompileFailure::Memory(_))) => {}
        Fate::Refused(other) => panic!("{name}: {other}"),
    }
}

/// The compiler gets it done, and the engine that would run it says that it has no room for it. It has bounds of its own,
/// which it tells in words.
async fn is_beyond_the_engine(name: &str, component: &[u8]) {
    match detonate(name, component).await {
        Fate::Refused(Error::Unfit { what }) if what.contains("exceeds") => {}
        other => panic!("{name}: {other:?}"),
    }
}

const NOP: u8 = 0x01;
const LOOP: [u8; 2] = [0x03, 0x40];
const BLOCK: [u8; 2] = [0x02, 0x40];
const END: u8 = 0x0b;
const ZERO: [u8; 2] = [0x41, 0x00];
const ADD: u8 = 0x6a;
const DROP: u8 = 0x1a;
const I32: u8 = 0x7f;

/// A module with one function that takes and gives nothing.
fn one_function(locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    module(&[
        func(&[], &[]),
        section(3, &vector([leb(0)])),
        section(10, &vector([body(locals, code)])),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_of_seven_megabytes_is_refused_unread() {
    // The most that is valid is 7,654,321.
    let large = one_function(&[], &vec![NOP; 7_500_000]);
    is_refused("body", &component(&large), Bound::Body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_of_two_megabytes_compiles_within_bounds() {
    let code = [ZERO.as_slice(), &ZERO, &[ADD, DROP]]
        .concat()
        .repeat((2 << 20) / 6 - 10);
    is_bounded("long", &component(&one_function(&[], &code))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_locals_that_change_in_nested_loops_compile_within_bounds() {
    const LOCALS: u32 = 50_000;
    const LOOPS: usize = 60;
    let mut code = LOOP.repeat(LOOPS);
    for local in 0..LOCALS {
        let local = leb(local.into());
        code.extend([&[0x20], local.as_slice(), &[0x41, 0x01, ADD, 0x21], &local].concat());
    }
    // Each loop begins again while the first of them is not zero.
    code.extend([0x20, 0x00, 0x0d, 0x00, END].repeat(LOOPS));
    is_bounded("locals", &component(&one_function(&[(LOCALS, I32)], &code))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_values_that_live_at_once_compile_within_bounds() {
    const VALUES: usize = 100_000;
    let code = [[0x10, 0x01].repeat(VALUES), vec![ADD; VALUES - 1], vec![DROP]].concat();
    let bomb = module(&[
        section(1, &vector([vec![0x60, 0, 0], vec![0x60, 0, 1, I32]])),
        section(3, &vector([leb(0), leb(1)])),
        section(10, &vector([body(&[], &code), body(&[], &ZERO)])),
    ]);
    is_bounded("values", &component(&bomb)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_functions_compile_within_bounds_and_more_than_two_are_refused() {
    let many = |count: usize| {
        let (types, code) = (
            vec![leb(0); count],
            vec![body(&[], &[ZERO[0], ZERO[1], DROP]); count],
        );
        component(&module(&[
            func(&[], &[]),
            section(3, &vector(types)),
            section(10, &vector(code)),
        ]))
    };
    is_bounded("functions", &many(100_000)).await;
    is_refused("crowd", &many(200_001), Bound::Functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocks_in_blocks_compile_within_bounds() {
    let nest = |begin: &[u8], depth: usize| [begin.repeat(depth), vec![END; depth]].concat();
    let kinds = [
        ("blocks", nest(&BLOCK, 600_000)),
        ("loops", nest(&LOOP, 600_000)),
        ("ifs", nest(&[ZERO[0], ZERO[1], 0x04, 0x40], 400_000)),
    ];
    for (name, code) in kinds {
        is_bounded(name, &component(&one_function(&[], &code))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_branches_compile_within_bounds_up_to_what_the_compiler_takes() {
    // To one place, so many times.
    let same = |count: u64| [&ZERO, &[0x0e][..], &leb(count), &vec![0; count as usize], &[0]].concat();
    // To as many places.
    let apart = |count: u64| {
        let labels: Vec<u8> = (0..=count).flat_map(leb).collect();
        let (begin, end) = (BLOCK.repeat(count as usize), vec![END; count as usize]);
        [&begin, &ZERO[..], &[0x0e], &leb(count), &labels, &end].concat()
    };
    is_bounded("same", &component(&one_function(&[], &same(65_000)))).await;
    is_bounded("apart", &component(&one_function(&[], &apart(65_000)))).await;
    for (name, code) in [("more", same(2_000_000)), ("farther", apart(100_000))] {
        let fate = detonate(name, &component(&one_function(&[], &code))).await;
        assert!(
            matches!(&fate, Fate::Refused(Error::Malformed { what }) if what.contains("implementation limit")),
            "{name}: {fate:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_million_types_compile_within_bounds() {
    // Ten parameters of four kinds make a million.
    let kind = |number: u32| {
        let params = (0..10).map(|place| I32 - u8::try_from(number >> (2 * place) & 3).unwrap());
        [vec![0x60, 10], params.collect(), vec![0]].concat()
    };
    let bomb = module(&[section(1, &vector((0..500_000).map(kind)))]);
    is_bounded("types", &component(&bomb)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_imports_and_exports_compile_within_bounds() {
    const COUNT: usize = 100_000;
    let inwards = module(&[func(&[], &[]), imports(COUNT)]);
    is_beyond_the_engine("imports", &component(&inwards)).await;
    let outwards = module(&[
        func(&[], &[]),
        section(3, &vector([leb(0)])),
        exports(COUNT),
        section(10, &vector([body(&[], &[])])),
    ]);
    is_bounded("exports", &component(&outwards)).await;
    // Those of the component itself are looked up one by one.
    let names = (0..1001).map(|number| format!(r#"(import "acme:a{number}/b@1.0.0" (instance))"#));
    let text = format!("(component {})", names.collect::<String>());
    is_refused("many", &wat::parse_str(text).unwrap(), Bound::Imports).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giant_and_scattered_data_compiles_within_bounds() {
    let data = |pages: u64, segments: Vec<(i64, Vec<u8>)>| {
        let segments = segments.into_iter().map(|(at, bytes)| {
            [
                vec![0x00, 0x41],
                module::signed(at),
                vec![END],
                leb(bytes.len() as u64),
                bytes,
            ]
            .concat()
        });
        let memory = [vec![0x00], leb(pages)].concat();
        component(&module(&[
            section(5, &vector([memory])),
            section(11, &vector(segments)),
        ]))
    };
    is_bounded("giant", &data(1000, vec![(0, vec![7; 60_000_000])])).await;
    // An image of all of the memory would have 4 GiB.
    is_bounded("apart", &data(65_536, vec![(0, vec![7]), (-16, vec![7])])).await;
    let scattered = (0..99_000)
        .map(|number| (number * 40_000 % (1 << 31), vec![7]))
        .collect();
    is_bounded("scattered", &data(65_536, scattered)).await;
    is_refused("larger", &data(1100, vec![(0, vec![7; 65 << 20])]), Bound::Bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_elements_and_globals_compile_within_bounds() {
    const COUNT: usize = 1_000_000;
    let elements = [vec![0x01, 0x00], vector(vec![leb(0); COUNT])].concat();
    let table = module(&[
        func(&[], &[]),
        section(3, &vector([leb(0)])),
        section(9, &vector([elements])),
        section(10, &vector([body(&[], &[])])),
    ]);
    is_bounded("elements", &component(&table)).await;
    let global = [[I32, 0x01].as_slice(), &ZERO, &[END]].concat();
    is_beyond_the_engine(
        "globals",
        &component(&module(&[section(6, &vector(vec![global; COUNT]))])),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_in_components_are_refused_unread() {
    let mut deep = component(&module(&[]));
    for _ in 0..5000 {
        deep = [module::HEAD, &section(4, &deep)].concat();
    }
    is_refused("deep", &deep, Bound::Depth).await;
    let wide = module(&[]);
    let wide: Vec<_> = (0..501).flat_map(|_| section(1, &wide)).collect();
    is_refused("wide", &[module::HEAD, &wide].concat(), Bound::Parts).await;
}

/// Makes a component of so many.
type Make<'a> = &'a dyn Fn(u64) -> Vec<u8>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_in_types_are_refused_as_not_valid() {
    // Two types stand before these.
    let list = |inner: u64| [vec![0x70], leb(inner)].concat();
    let tuple = |inner: u64| [vec![0x6f, 0x02], leb(inner), leb(inner)].concat();
    let nest = |of: &dyn Fn(u64) -> Vec<u8>, depth: u64| {
        let types = std::iter::once(vec![0x70, 0x7d]).chain((2..1 + depth).map(of));
        [component(&module(&[])), section(7, &vector(types))].concat()
    };
    // A list of lists of lists; and a tuple of two, of which each is a tuple of two.
    let bombs: [(&str, Make, u64); 2] = [("lists", &list, 100_000), ("tuples", &tuple, 40)];
    for (name, of, depth) in bombs {
        let shallow = detonate("shallow", &nest(of, 4)).await;
        assert!(matches!(shallow, Fate::Compiled), "{name}: {shallow:?}");
        let fate = detonate(name, &nest(of, depth)).await;
        assert!(
            matches!(&fate, Fate::Refused(Error::Malformed { .. })),
            "{name}: {fate:?}"
        );
    }
}
