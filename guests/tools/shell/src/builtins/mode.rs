//! Modes as people write them: octal, or `u+x,go=r`.

/// The bits that new files do not get, as the interpreter keeps them.
pub(super) fn mask(variables: &std::collections::HashMap<String, String>) -> u32 {
    variables
        .get("_UMASK")
        .and_then(|mask| u32::from_str_radix(mask, 8).ok())
        .unwrap_or(0o022)
}

/// What becomes of a mode. `None`: the text is no mode.
pub(super) fn apply(text: &str, mode: u32, is_folder: bool, mask: u32) -> Option<u32> {
    if !text.is_empty() && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
    }
    text.split(',')
        .try_fold(mode, |mode, clause| one(clause, mode, is_folder, mask))
}

fn one(clause: &str, mut mode: u32, is_folder: bool, mask: u32) -> Option<u32> {
    let at = clause.find(['+', '-', '='])?;
    let (who, mut rest) = (clause.get(..at)?, clause.get(at..)?);
    let mut whom = 0;
    for letter in who.chars() {
        whom |= match letter {
            'u' => 0o4700,
            'g' => 0o2070,
            'o' => 0o1007,
            'a' => 0o7777,
            _ => return None,
        };
    }
    // Without saying whom, the mask counts.
    let (whom, held) = if who.is_empty() { (0o7777, mask) } else { (whom, 0) };
    while let Some(sign) = rest.chars().next() {
        rest = rest.get(1..)?;
        let end = rest.find(['+', '-', '=']).unwrap_or(rest.len());
        let mut bits = 0;
        for letter in rest.get(..end)?.chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if is_folder || mode & 0o111 != 0 => 0o111,
                'X' => 0,
                's' => 0o6000,
                't' => 0o1000,
                'u' => (mode >> 6 & 7) * 0o111,
                'g' => (mode >> 3 & 7) * 0o111,
                'o' => (mode & 7) * 0o111,
                _ => return None,
            };
        }
        let bits = bits & whom & !held;
        mode = match sign {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => (mode & !(whom & 0o777)) | bits,
        };
        rest = rest.get(end..)?;
    }
    Some(mode)
}
