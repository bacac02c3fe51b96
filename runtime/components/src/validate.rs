//! Bounds on a component, counted while it is parsed and before anything is compiled.
//!
//! **Promise.** What passes here takes the compiler time and memory in proportion to its size: instances are
//! counted as they multiply through nesting, which a validator that looks at one level at a time does not.
//! Whether it is valid WebAssembly is for the compiler to say.
//! **Bound.** The constants below. **Cost.** One pass over the bytes, some 100 ms for 10 MB.

use wasmtime::wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    Encoding, FunctionBody, Instance, Operator, Parser, Payload,
};

use crate::error::{Bound, Error, NotComponent, Result};

/// Larger ones are programs with their data inside, which belongs into files or media.
pub(crate) const MAX_BYTES: usize = 64 << 20;
/// A program composed of composed programs is some 4 deep.
const MAX_DEPTH: usize = 16;
/// All instances that starting it once would make.
const MAX_INSTANCES: u64 = 1000;
/// Modules and components inside.
const MAX_PARTS: u64 = 500;
/// Functions of all modules.
const MAX_FUNCTIONS: u64 = 200_000;
/// The largest functions of real programs are interpreters' main loops, some 300 KB.
const MAX_BODY: usize = 2 << 20;
/// The compiler's time grows faster than the number of these in one function.
const MAX_INDIRECT_CALLS: u64 = 20_000;
/// Imports of the component itself; each is looked up by name.
const MAX_IMPORTS: usize = 1000;

/// The section of a component that holds its manifest.
pub const MANIFEST_SECTION: &str = "openclaw:manifest";

/// What was seen of a component from outside.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shape {
    /// The names of what it imports, in order.
    pub imports: Vec<String>,
    /// The names of what it exports, in order.
    pub exports: Vec<String>,
    /// The manifest inside it, if there is one.
    pub manifest: Option<Vec<u8>>,
}

/// A component or module that is being parsed.
#[derive(Default)]
struct Frame {
    is_module: bool,
    /// How many instances one instance of each of its inner components makes, itself included.
    components: Vec<u64>,
    /// How many instances one instance of it makes.
    instances: u64,
}

/// Counts what stands in a component.
pub fn examine(bytes: &[u8]) -> Result<Shape> {
    check_kind(bytes)?;
    check(Bound::Bytes, bytes.len() as u64, MAX_BYTES as u64)?;
    let mut pass = Pass::default();
    for payload in Parser::new(0).parse_all(bytes) {
        pass.read(payload.map_err(malformed)?)?;
    }
    Ok(pass.shape)
}

fn check_kind(bytes: &[u8]) -> Result<()> {
    let what = if Parser::is_component(bytes) {
        return Ok(());
    } else if Parser::is_core_wasm(bytes) {
        NotComponent::Module
    } else if wasmtime::Engine::detect_precompiled(bytes).is_some() || bytes.starts_with(b"\x7fELF") {
        NotComponent::Compiled
    } else {
        NotComponent::Other
    };
    Err(Error::NotComponent(what))
}

fn malformed(error: wasmtime::wasmparser::BinaryReaderError) -> Error {
    Error::Malformed {
        what: error.to_string(),
    }
}

fn check(bound: Bound, found: u64, most: u64) -> Result<()> {
    match found > most {
        true => Err(Error::TooComplex { bound, found, most }),
        false => Ok(()),
    }
}

#[derive(Default)]
struct Pass {
    frames: Vec<Frame>,
    shape: Shape,
    parts: u64,
    functions: u64,
}

impl Pass {
    fn read(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding),
            Payload::End(_) => self.leave(),
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { .. } = instance.map_err(malformed)? {
                        self.add_instances(1)?;
                    }
                }
                Ok(())
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    let instance = instance.map_err(malformed)?;
                    if let ComponentInstance::Instantiate { component_index, .. } = instance {
                        let inner = self.component(0, component_index)?;
                        self.add_instances(inner)?;
                    }
                }
                Ok(())
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(&alias.map_err(malformed)?)?;
                }
                Ok(())
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import.map_err(malformed)?;
                    refuse_if_component(matches!(import.ty, ComponentTypeRef::Component(_)))?;
                    if self.frames.len() == 1 {
                        self.shape.imports.push(import.name.name.to_owned());
                        check(
                            Bound::Imports,
                            self.shape.imports.len() as u64,
                            MAX_IMPORTS as u64,
                        )?;
                    }
                }
                Ok(())
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.map_err(malformed)?;
                    refuse_if_component(export.kind == ComponentExternalKind::Component)?;
                    if self.frames.len() == 1 {
                        self.shape.exports.push(export.name.name.to_owned());
                        check(
                            Bound::Imports,
                            self.shape.exports.len() as u64,
                            MAX_IMPORTS as u64,
                        )?;
                    }
                }
                Ok(())
            }
            Payload::CodeSectionStart { count, .. } => {
                self.functions += u64::from(count);
                check(Bound::Functions, self.functions, MAX_FUNCTIONS)
            }
            Payload::CodeSectionEntry(body) => check_body(&body),
            Payload::CustomSection(section)
                if section.name() == MANIFEST_SECTION && self.frames.len() == 1 =>
            {
                match self.shape.manifest.replace(section.data().to_vec()) {
                    None => Ok(()),
                    Some(_) => Err(Error::Malformed {
                        what: "it has two manifests inside".to_owned(),
                    }),
                }
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, encoding: Encoding) -> Result<()> {
        self.frames.push(Frame {
            is_module: encoding == Encoding::Module,
            components: Vec::new(),
            instances: 1,
        });
        self.parts += 1;
        check(Bound::Parts, self.parts, MAX_PARTS)?;
        check(Bound::Depth, self.frames.len() as u64, MAX_DEPTH as u64)
    }

    fn leave(&mut self) -> Result<()> {
        if let Some(done) = self.frames.pop()
            && !done.is_module
            && let Some(outer) = self.frames.last_mut()
        {
            outer.components.push(done.instances);
        }
        Ok(())
    }

    fn add_instances(&mut self, more: u64) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        frame.instances = frame.instances.saturating_add(more);
        check(Bound::Instances, frame.instances, MAX_INSTANCES)
    }

    /// How many instances one of this inner component makes; `out` counts enclosing components outwards.
    fn component(&self, out: u32, index: u32) -> Result<u64> {
        let out = usize::try_from(out).unwrap_or(usize::MAX);
        let frame = self
            .frames
            .len()
            .checked_sub(1)
            .and_then(|last| last.checked_sub(out));
        let known = frame
            .and_then(|at| self.frames.get(at))
            .and_then(|frame| frame.components.get(usize::try_from(index).ok()?));
        known.copied().ok_or_else(|| Error::Malformed {
            what: "it names an inner component that is not there".to_owned(),
        })
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<()> {
        match alias {
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                count,
                index,
            } => {
                let weight = self.component(*count, *index)?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.components.push(weight);
                }
                Ok(())
            }
            ComponentAlias::InstanceExport { kind, .. } => {
                refuse_if_component(*kind == ComponentExternalKind::Component)
            }
            _ => Ok(()),
        }
    }
}

/// What a component that arrives from outside would make when instantiated cannot be counted.
fn refuse_if_component(is_component: bool) -> Result<()> {
    match is_component {
        true => Err(Error::NotComponent(NotComponent::Generic)),
        false => Ok(()),
    }
}

fn check_body(body: &FunctionBody<'_>) -> Result<()> {
    check(Bound::Body, body.as_bytes().len() as u64, MAX_BODY as u64)?;
    let mut operators = body.get_operators_reader().map_err(malformed)?;
    let mut calls = 0;
    while !operators.eof() {
        let operator = operators.read().map_err(malformed)?;
        if matches!(
            operator,
            Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. } | Operator::CallRef { .. }
        ) {
            calls += 1;
            check(Bound::IndirectCalls, calls, MAX_INDIRECT_CALLS)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examine_text(text: &str) -> Result<Shape> {
        examine(&wat::parse_str(text).unwrap())
    }

    fn bound(text: &str) -> Bound {
        match examine_text(text) {
            Err(Error::TooComplex { bound, .. }) => bound,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn instances_that_double_are_counted_and_not_made() {
        let mut text =
            String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
        for level in 1..=24 {
            let inner = level - 1;
            text += &format!(
                "(component $c{level} (alias outer 1 $c{inner} (component $i))
                    (instance (instantiate $i)) (instance (instantiate $i)))"
            );
        }
        text += "(instance (instantiate $c24)))";
        assert_eq!(bound(&text), Bound::Instances);
    }

    #[test]
    fn deep_nesting_is_refused_and_shallow_is_not() {
        let nest = |depth| "(component ".repeat(depth) + &")".repeat(depth);
        assert!(examine_text(&nest(16)).is_ok());
        assert_eq!(bound(&nest(17)), Bound::Depth);
    }

    #[test]
    fn a_flood_of_indirect_calls_is_refused() {
        let calls = "(call_indirect (i32.const 0))".repeat(20_001);
        let text = format!("(component (core module (table 1 funcref) (func {calls})))");
        assert_eq!(bound(&text), Bound::IndirectCalls);
    }

    #[test]
    fn a_component_that_takes_components_is_refused() {
        let text = r#"(component (import "c" (component $c)) (instance (instantiate $c)))"#;
        assert!(matches!(
            examine_text(text),
            Err(Error::NotComponent(NotComponent::Generic))
        ));
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        let kind = |bytes: &[u8]| match examine(bytes) {
            Err(Error::NotComponent(kind)) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(b"\0asm\x01\0\0\0"), NotComponent::Module);
        assert_eq!(kind(b"\x7fELF\x02\x01\x01"), NotComponent::Compiled);
        let compiled = crate::engine::on_demand()
            .unwrap()
            .precompile_component(b"\0asm\x0d\0\x01\0");
        assert_eq!(kind(&compiled.unwrap()), NotComponent::Compiled);
        assert_eq!(kind(b"(component)"), NotComponent::Other);
        assert_eq!(kind(b""), NotComponent::Other);
    }

    #[test]
    fn names_and_the_manifest_of_the_outermost_component_are_seen() {
        let text = r#"(component
            (import "a:b/c@0.1.0" (instance))
            (component (import "not:this/one" (instance)))
            (@custom "openclaw:manifest" "{}")
            (instance $i)
            (export "d:e/f" (instance $i)))"#;
        let shape = examine_text(text).unwrap();
        assert_eq!(shape.imports, ["a:b/c@0.1.0"]);
        assert_eq!(shape.exports, ["d:e/f"]);
        assert_eq!(shape.manifest.as_deref(), Some(&b"{}"[..]));
    }
}
