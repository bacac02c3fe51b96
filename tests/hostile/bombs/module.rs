//! Modules byte by byte: as text the large ones here would take longer to read than to compile.

/// How a component begins.
pub(super) const HEAD: &[u8] = b"\0asm\x0d\0\x01\0";

/// A component that is a program which does nothing.
const HONEST: &str = r#"(component
    (core module $m (func (export "run") (result i32) (i32.const 0)))
    (core instance $m (instantiate $m))
    (func $run (result (result)) (canon lift (core func $m "run")))
    (instance $run (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $run)))"#;

/// A number without a sign.
pub(super) fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A number with a sign.
pub(super) fn signed(mut number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if (number == 0 && low & 0x40 == 0) || (number == -1 && low & 0x40 != 0) {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// So many items, and they.
pub(super) fn vector(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut count, mut bytes) = (0, Vec::new());
    for item in items {
        count += 1;
        bytes.extend(item);
    }
    [leb(count), bytes].concat()
}

/// A section.
pub(super) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb(content.len() as u64).as_slice(), content].concat()
}

/// The section of types with one type of function.
pub(super) fn func(params: &[u8], results: &[u8]) -> Vec<u8> {
    let of = |kinds: &[u8]| [leb(kinds.len() as u64), kinds.to_vec()].concat();
    section(1, &vector([[vec![0x60], of(params), of(results)].concat()]))
}

/// The body of a function.
pub(super) fn body(locals: &[(u32, u8)], code: &[u8]) -> Vec<u8> {
    let groups = locals
        .iter()
        .map(|(count, kind)| [leb((*count).into()), vec![*kind]].concat());
    let body = [vector(groups), code.to_vec(), vec![0x0b]].concat();
    [leb(body.len() as u64), body].concat()
}

fn name(text: &str) -> Vec<u8> {
    [leb(text.len() as u64), text.as_bytes().to_vec()].concat()
}

/// Imports of functions of the first type.
pub(super) fn imports(count: usize) -> Vec<u8> {
    let import = |number| [name("host"), name(&format!("f{number}")), vec![0x00, 0x00]].concat();
    section(2, &vector((0..count).map(import)))
}

/// Exports of the first function.
pub(super) fn exports(count: usize) -> Vec<u8> {
    let export = |number| [name(&format!("f{number}")), vec![0x00, 0x00]].concat();
    section(7, &vector((0..count).map(export)))
}

/// A module of these sections.
pub(super) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// A program that does nothing and has a module in it that it does not use: it is compiled all the same.
pub(super) fn component(module: &[u8]) -> Vec<u8> {
    let honest = wat::parse_str(HONEST).unwrap();
    [honest, section(1, module)].concat()
}
