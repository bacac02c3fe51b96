//! Commands that stand in for the interpreter's own where those are too thin, and the answers to those that cannot be
//! had here.
//!
//! **Promise.** What stands here does what its GNU namesake does for the options it knows, in its words; an option that it
//! does not know is an error. What cannot be done is said in one line with the way out.

mod chmod;
mod cmp;
mod comm;
mod common;
mod cp;
mod curl;
mod cut;
mod date;
mod diff;
mod expand;
mod expr;
mod file;
mod fmt;
mod fold;
mod gzip;
mod lines;
mod ln;
mod ls;
mod mode;
mod names;
mod options;
mod order;
mod paste;
mod patch;
mod python;
mod refused;
mod rev;
mod rm;
mod seq;
mod shuf;
mod sleep;
mod sort;
mod split;
mod stat;
mod sums;
mod tac;
mod tar;
mod target;
mod tee;
mod time;
mod touch;
mod uniq;
mod wc;
mod web;
mod wget;

use std::sync::Arc;

use bashkit::BashBuilder;

use crate::disk::Disk;
use crate::settings::Settings;

/// Adds them all to an interpreter.
pub(crate) fn add(builder: BashBuilder, settings: &Settings, disk: &Arc<Disk>) -> BashBuilder {
    let mut builder = builder.command_resolver(Arc::new(refused::Programs));
    for name in ["python", "python3"] {
        builder = builder.builtin(name, Box::new(python::Python::new(settings.of_python())));
    }
    // The interpreter's own write a format that nothing else reads.
    for name in ["zip", "unzip"] {
        builder = builder.builtin(name, refused::refused(name));
    }
    let open = || settings.hosts.clone();
    builder
        .builtin("curl", Box::new(curl::Curl { open: open() }))
        .builtin("wget", Box::new(wget::Wget { open: open() }))
        .builtin("expr", Box::new(expr::Expr))
        .builtin("fmt", Box::new(fmt::Fmt))
        .builtin("cut", Box::new(cut::Cut))
        .builtin("date", Box::new(date::Date))
        .builtin("md5sum", Box::new(sums::Sum("md5sum", "MD5")))
        .builtin("sha1sum", Box::new(sums::Sum("sha1sum", "SHA1")))
        .builtin("sha224sum", Box::new(sums::Sum("sha224sum", "SHA224")))
        .builtin("sha256sum", Box::new(sums::Sum("sha256sum", "SHA256")))
        .builtin("sha384sum", Box::new(sums::Sum("sha384sum", "SHA384")))
        .builtin("sha512sum", Box::new(sums::Sum("sha512sum", "SHA512")))
        .builtin("tar", Box::new(tar::Tar))
        .builtin("touch", Box::new(touch::Touch))
        .builtin("file", Box::new(file::File))
        .builtin("cmp", Box::new(cmp::Cmp))
        .builtin("split", Box::new(split::Split))
        .builtin("uniq", Box::new(uniq::Uniq))
        .builtin("wc", Box::new(wc::Wc))
        .builtin("expand", Box::new(expand::Expand("expand")))
        .builtin("unexpand", Box::new(expand::Expand("unexpand")))
        .builtin("fold", Box::new(fold::Fold))
        .builtin("comm", Box::new(comm::Comm))
        .builtin("paste", Box::new(paste::Paste))
        .builtin("rev", Box::new(rev::Rev))
        .builtin("shuf", Box::new(shuf::Shuf))
        .builtin("sort", Box::new(sort::Sort))
        .builtin("tac", Box::new(tac::Tac))
        .builtin("tee", Box::new(tee::Tee))
        .builtin("gzip", Box::new(gzip::Gzip("gzip")))
        .builtin("gunzip", Box::new(gzip::Gzip("gunzip")))
        .builtin("zcat", Box::new(gzip::Gzip("zcat")))
        .builtin("patch", Box::new(patch::Patch))
        .command("seq", seq::Seq)
        .builtin("chmod", Box::new(chmod::Chmod))
        .builtin("cp", Box::new(cp::Cp))
        .builtin("ln", Box::new(ln::Ln(disk.clone())))
        .builtin("mkdir", Box::new(chmod::Mkdir))
        .builtin("mv", Box::new(cp::Mv))
        .builtin("realpath", Box::new(ln::Realpath))
        .builtin("rm", Box::new(rm::Rm))
        .builtin("diff", Box::new(diff::Diff))
        .builtin("ls", Box::new(ls::Ls))
        .builtin("sleep", Box::new(sleep::Sleep))
        .builtin("stat", Box::new(stat::Stat))
}
