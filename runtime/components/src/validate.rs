//! Bounds on a component, counted while it is parsed and before anything is compiled.
//!
//! **Promise.** What passes here takes the compiler time and memory in proportion to its size, and fits into the
//! engine's places: instances and what they bring are counted as they multiply through nesting, which a validator
//! that looks at one level at a time does not.
//! Whether it is valid WebAssembly is for the compiler to say.
//! **Bound.** The constants below. **Cost.** One pass over the bytes, some 100 ms for 10 MB.

use wasmtime::wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    Encoding, FunctionBody, Instance, Operator, Parser, Payload, TypeRef,
};

use crate::engine::TABLES_OF_MODULE;
use crate::error::{Bound, Error, NotComponent, Result};
use crate::weight::Weight;

/// Larger ones are programs with their data inside, which belongs into files or media.
pub(crate) const MAX_BYTES: usize = 64 << 20;
/// A program composed of composed programs is some 4 deep.
const MAX_DEPTH: usize = 16;
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
    /// How many bytes of memory it has when it starts, all of its memories together.
    pub memory: u64,
}

/// What has a numbering of its own inside a component.
#[derive(Clone, Copy)]
enum Kind {
    Module,
    Component,
}

/// A component or module that is being parsed.
#[derive(Default)]
struct Frame {
    is_module: bool,
    /// What one instance of each of its inner components makes.
    components: Vec<Weight>,
    /// The same of its modules; nothing is known of one that it is given.
    modules: Vec<Weight>,
    /// What one instance of it makes.
    own: Weight,
    /// Whether it has a memory, of its own or imported.
    has_memory: bool,
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

pub(crate) fn check(bound: Bound, found: u64, most: u64) -> Result<()> {
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
            Payload::End(_) => {
                self.leave();
                Ok(())
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { module_index, .. } = instance.map_err(malformed)? {
                        let module = self.inner(Kind::Module, 0, module_index)?;
                        self.add(module)?;
                    }
                }
                Ok(())
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Memory(_) = import.map_err(malformed)?.ty {
                        self.see_memory()?;
                    }
                }
                Ok(())
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.see_memory()?;
                    self.add(Weight::memory(&memory.map_err(malformed)?))?;
                }
                Ok(())
            }
            Payload::TableSection(section) => {
                let tables = u64::from(section.count());
                check(Bound::TablesOfModule, tables, TABLES_OF_MODULE.into())?;
                self.add(Weight::tables(tables))
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    let instance = instance.map_err(malformed)?;
                    if let ComponentInstance::Instantiate { component_index, .. } = instance {
                        let inner = self.inner(Kind::Component, 0, component_index)?;
                        self.add(inner)?;
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
                    if matches!(import.ty, ComponentTypeRef::Module(_)) {
                        self.put(Kind::Module, Weight::MODULE);
                    }
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
        let is_module = encoding == Encoding::Module;
        self.frames.push(Frame {
            is_module,
            components: Vec::new(),
            modules: Vec::new(),
            own: match is_module {
                true => Weight::MODULE,
                false => Weight::COMPONENT,
            },
            has_memory: false,
        });
        self.parts += 1;
        check(Bound::Parts, self.parts, MAX_PARTS)?;
        check(Bound::Depth, self.frames.len() as u64, MAX_DEPTH as u64)
    }

    fn leave(&mut self) {
        let Some(done) = self.frames.pop() else { return };
        match (self.frames.is_empty(), done.is_module) {
            (true, _) => self.shape.memory = done.own.bytes(),
            (false, true) => self.put(Kind::Module, done.own),
            (false, false) => self.put(Kind::Component, done.own),
        }
    }

    /// The engine itself joins two memories where parts of a component call each other, and so has to allow for several.
    fn see_memory(&mut self) -> Result<()> {
        match self.frames.last_mut() {
            Some(frame) if frame.has_memory => Err(Error::Malformed {
                what: "a module in it has several memories, and multi-memory is off here".to_owned(),
            }),
            Some(frame) => {
                frame.has_memory = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Adds to what one instance of what is being parsed makes.
    fn add(&mut self, more: Weight) -> Result<()> {
        match self.frames.last_mut() {
            Some(frame) => frame.own.add(more),
            None => Ok(()),
        }
    }

    /// The next module or component inside of what is being parsed.
    fn put(&mut self, kind: Kind, weight: Weight) {
        if let Some(frame) = self.frames.last_mut() {
            match kind {
                Kind::Module => frame.modules.push(weight),
                Kind::Component => frame.components.push(weight),
            }
        }
    }

    /// What one of this inner module or component makes; `out` counts enclosing components outwards.
    fn inner(&self, kind: Kind, out: u32, index: u32) -> Result<Weight> {
        let out = usize::try_from(out).unwrap_or(usize::MAX);
        let frame = self
            .frames
            .len()
            .checked_sub(1)
            .and_then(|last| last.checked_sub(out));
        let known = frame.and_then(|at| self.frames.get(at)).and_then(|frame| {
            let inside = match kind {
                Kind::Module => &frame.modules,
                Kind::Component => &frame.components,
            };
            inside.get(usize::try_from(index).ok()?)
        });
        known.copied().ok_or_else(|| Error::Malformed {
            what: "it names an inner module or component that is not there".to_owned(),
        })
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<()> {
        match alias {
            ComponentAlias::Outer { kind, count, index } => {
                let kind = match kind {
                    ComponentOuterAliasKind::Component => Kind::Component,
                    ComponentOuterAliasKind::CoreModule => Kind::Module,
                    _ => return Ok(()),
                };
                let weight = self.inner(kind, *count, *index)?;
                self.put(kind, weight);
                Ok(())
            }
            ComponentAlias::InstanceExport { kind, .. } => {
                refuse_if_component(*kind == ComponentExternalKind::Component)?;
                if *kind == ComponentExternalKind::Module {
                    self.put(Kind::Module, Weight::MODULE);
                }
                Ok(())
            }
            ComponentAlias::CoreInstanceExport { .. } => Ok(()),
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
        assert_eq!(bound(&text), Bound::Modules);
    }

    #[test]
    fn a_module_with_two_memories_is_refused_however_it_has_them() {
        let import = r#"(import "" "m" (memory 1))"#;
        for memories in [
            "(memory 1) (memory 1)".to_owned(),
            format!("{import} (memory 1)"),
            import.repeat(2),
        ] {
            let refused = examine_text(&format!("(component (core module {memories}))"));
            assert!(
                matches!(refused, Err(Error::Malformed { .. })),
                "{memories}: {refused:?}"
            );
        }
    }

    #[test]
    fn memories_and_tables_are_counted_for_every_instance_of_their_module() {
        let inner =
            "(component $c (core module $m (memory 3) (table 1 funcref)) (core instance (instantiate $m)))";
        let times = |count| {
            format!(
                "(component {inner} {})",
                "(instance (instantiate $c))".repeat(count)
            )
        };
        assert_eq!(examine_text(&times(8)).unwrap().memory, (8 * 3) << 16);
        assert_eq!(bound(&times(9)), Bound::Memories);
        let module = |tables| {
            format!(
                "(component (core module $m {}) {})",
                "(table 1 funcref)".repeat(tables),
                "(core instance (instantiate $m))".repeat(5)
            )
        };
        assert_eq!(bound(&module(13)), Bound::Tables);
        assert_eq!(bound(&module(17)), Bound::TablesOfModule);
        let modules = |count| {
            format!(
                "(component (core module $m) {})",
                "(core instance (instantiate $m))".repeat(count)
            )
        };
        assert!(examine_text(&modules(200)).is_ok());
        assert_eq!(bound(&modules(201)), Bound::Modules);
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
