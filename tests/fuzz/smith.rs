//! Components whose code is random.
//!
//! Most of them have the imports and exports of the world `tool`. Where a random function says what the component is,
//! none would ever be called, so of some this function is put in the place of the random one, and of some of those the
//! one that gives the host room for arguments as well.

use arbitrary::{Result, Unstructured};
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, ImportSection, Module, TypeSection};
use wasm_smith::Config;
use wasmparser::{ExternalKind, FunctionBody, Parser, Payload, TypeRef};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

use crate::common::world;

const DESCRIBE: &str = "openclaw:tool/toolbox@0.1.0#describe";
const REALLOC: &str = "cabi_realloc";
/// What `tool` exports, and an honest answer of what is replaced: a tool `fuzzed` without a schema, as in the components
/// that other tests write by hand.
const HONEST: &str = r#"(module
    (memory (export "memory") 2)
    (func (export "openclaw:tool/toolbox@0.1.0#describe") (result i32)
        (i64.store (i32.const 16) (i64.const 0x64657a7a7566))
        (i32.store (i32.const 140) (i32.const 0x7d7b))
        (i32.store (i32.const 160) (i32.const 200))
        (i32.store (i32.const 164) (i32.const 1))
        (memory.fill (i32.const 200) (i32.const 0) (i32.const 100))
        (i32.store (i32.const 200) (i32.const 16))
        (i32.store (i32.const 204) (i32.const 6))
        (i32.store (i32.const 220) (i32.const 16))
        (i32.store (i32.const 224) (i32.const 6))
        (i32.store (i32.const 228) (i32.const 140))
        (i32.store (i32.const 232) (i32.const 2))
        (i32.const 160))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
    (func (export "openclaw:tool/toolbox@0.1.0#call") (param i32 i32 i32 i32) (result i32) (unreachable)))"#;
/// What a tool may import and is served. Whatever else is refused at install, which is soon told.
const SERVED: &[&str] = &[
    "openclaw:context/",
    "openclaw:log/",
    "openclaw:progress/",
    "openclaw:config/",
    "openclaw:media/",
    "openclaw:kv/",
    "openclaw:http/types",
    "openclaw:http/client",
    "openclaw:secrets/placeholders",
    "openclaw:sockets/dial",
    "openclaw:tools/calls",
];

/// What random components are made with.
pub(crate) struct Smith {
    resolve: Resolve,
    world: WorldId,
    honest: Vec<u8>,
    /// Modules that import all there is, and what is served.
    imports: [Vec<u8>; 2],
}

impl Smith {
    pub(crate) fn new() -> Self {
        let (resolve, world) = world("tool");
        let all = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
        Self {
            honest: wat::parse_str(HONEST).unwrap(),
            imports: [only(&all, &[""]), only(&all, SERVED)],
            resolve,
            world,
        }
    }

    /// Some bytes. None where the random parts fit no component.
    pub(crate) fn bytes(&self, u: &mut Unstructured<'_>) -> Result<Option<Vec<u8>>> {
        // What is chosen is chosen first: from an input that is used up come only zeros.
        let kind = u.int_in_range(0..=19)?;
        let [is_tame, is_served] = [u.ratio(15, 16)?, u.ratio(15, 16)?];
        let replaced: &[&str] = match u.int_in_range(0..=7)? {
            0 => &[],
            1 | 2 => &[DESCRIBE],
            _ => &[DESCRIBE, REALLOC],
        };
        let mut config: Config = u.arbitrary()?;
        // Small ones are compiled soon, and there are more of them.
        config.max_imports = 12;
        config.max_funcs = 8;
        config.max_instructions = 100;
        match kind {
            0 => return Ok(Some(wasm_smith::Component::new(config, u)?.to_bytes())),
            1 => return Ok(Some(wasm_smith::Module::new(config, u)?.to_bytes())),
            _ => {}
        }
        config.available_imports = Some(self.imports[usize::from(is_served)].clone());
        config.exports = Some(self.honest.clone());
        // What is off and what is too large is refused, which is soon told, too.
        if is_tame {
            config.memory64_enabled = false;
            config.threads_enabled = false;
            config.shared_everything_threads_enabled = false;
            config.custom_page_sizes_enabled = false;
            config.relaxed_simd_enabled = false;
            config.exceptions_enabled = false;
            config.wide_arithmetic_enabled = false;
            config.gc_enabled = false;
            config.max_memories = 1;
            config.max_memory32_bytes = 2 << 20;
            config.max_table_elements = 1000;
        }
        let module = wasm_smith::Module::new(config, u)?.to_bytes();
        Ok(self.encoded(&module, replaced))
    }

    fn encoded(&self, module: &[u8], replaced: &[&str]) -> Option<Vec<u8>> {
        let bodies = replaced.iter().map(|name| {
            let body = bodies(&self.honest).swap_remove(defined(&self.honest, name)?);
            Some((defined(module, name)?, body))
        });
        let mut graft = Graft {
            next: 0,
            bodies: bodies.collect::<Option<_>>()?,
        };
        let mut grafted = Module::new();
        graft
            .parse_core_module(&mut grafted, Parser::new(0), module)
            .unwrap();
        let mut module = grafted.finish();
        embed_component_metadata(
            &mut module,
            &self.resolve,
            self.world,
            StringEncoding::UTF8,
            false,
        )
        .ok()?;
        // Not validated: that is for the host to do.
        ComponentEncoder::default()
            .validate(false)
            .module(&module)
            .ok()?
            .encode()
            .ok()
    }
}

/// Puts bodies in the place of others, by their numbers among the functions that a module defines.
struct Graft {
    next: usize,
    bodies: Vec<(usize, Vec<u8>)>,
}

impl Reencode for Graft {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> std::result::Result<(), Error> {
        let found = self.bodies.iter().find(|(at, _)| *at == self.next);
        self.next += 1;
        code.raw(found.map_or_else(|| body.as_bytes(), |(_, body)| body));
        Ok(())
    }
}

/// The number of an exported function among those that a module defines.
fn defined(module: &[u8], name: &str) -> Option<usize> {
    let (mut imported, mut found) = (0, None);
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::ImportSection(section) => {
                let imports = section.into_imports();
                imported += imports
                    .filter(|import| matches!(import.as_ref().unwrap().ty, TypeRef::Func(_)))
                    .count();
            }
            Payload::ExportSection(section) => {
                let mut exports = section.into_iter().map(|export| export.unwrap());
                let export = exports.find(|export| export.kind == ExternalKind::Func && export.name == name);
                found = export.and_then(|export| usize::try_from(export.index).ok());
            }
            _ => {}
        }
    }
    found?.checked_sub(imported)
}

/// The bodies of the functions that a module defines.
fn bodies(module: &[u8]) -> Vec<Vec<u8>> {
    let payloads = Parser::new(0).parse_all(module);
    let bodies = payloads.filter_map(|payload| match payload.unwrap() {
        Payload::CodeSectionEntry(body) => Some(body.as_bytes().to_vec()),
        _ => None,
    });
    bodies.collect()
}

/// A module that imports what another does of these modules, and nothing else.
fn only(module: &[u8], names: &[&str]) -> Vec<u8> {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::TypeSection(section) => RoundtripReencoder
                .parse_type_section(&mut types, section)
                .unwrap(),
            Payload::ImportSection(section) => {
                for import in section.into_imports().map(|import| import.unwrap()) {
                    if names.iter().any(|name| import.module.starts_with(name)) {
                        RoundtripReencoder.parse_import(&mut imports, import).unwrap();
                    }
                }
            }
            _ => {}
        }
    }
    let mut module = Module::new();
    module.section(&types).section(&imports);
    module.finish()
}
