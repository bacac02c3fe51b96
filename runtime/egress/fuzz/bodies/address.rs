//! Reads lines as hosts, and the first bytes as addresses in all their spellings. A host that is an address is that
//! address however it is spelled, other readers agree, and what hides an address of version 4 is never public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use openclaw_policy::{AddressClass, Host};

/// To begin with.
pub const SEEDS: &[&[u8]] = &[
    b"127.0.0.1\n0x7f.1\n017700000001",
    b"[::ffff:127.0.0.1]\n64:ff9b::7f00:1\n2002:7f00:1::",
    b"api.example.com.\nlocalhost\nxn--bcher-kva.example",
    b"\x7f\0\0\x01\x20\x01\x48\x60\0\0\0\0\0\0\0\0\x11\x22\x33",
    b"\xa9\xfe\xa9\xfe\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"\x08\x08\x08\x08\x5e\xfe\x0a\0\0\x01\xff\xff\0\0\0\0\x1b\x2d\0",
    b"4294967295\n0x\n1.2.3.08\na.0x1",
];

/// Prefixes, numbers, and what stands between them.
pub const TOKENS: &[&[u8]] = &[
    b".",
    b":",
    b"::",
    b"[",
    b"]",
    b"0x",
    b"0X",
    b"0",
    b"00",
    b"08",
    b"255",
    b"256",
    b"65536",
    b"4294967295",
    b"4294967296",
    b"-",
    b"+",
    b"_",
    b"%",
    b"%eth0",
    b"ffff:",
    b"64:ff9b::",
    b"2002:",
    b"2001:0:",
    b"5efe:",
    b"fe80::",
    b"localhost",
    b".local",
    b"xn--",
    b"\n",
    b"\x7f\0\0\x01",
    b"\x0a",
    b"\xac\x10",
    b"\xc0\xa8",
    b"\xa9\xfe",
    b"\x64\x40",
    b"\x20\x01\0\0",
    b"\x20\x02",
    b"\0\x64\xff\x9b",
    b"\0\0\x5e\xfe",
    b"\x02\0\x5e\xfe",
    b"\xfe\x80",
    b"\xfd\0",
    b"\xff\xff",
    b"\xe3\x80\x82",
    b"\xc2\xb2",
    b"\xef\xbc\x91",
];

/// Ranges of version 4 that the public network does not route, from the registries.
const NOT_PUBLIC_V4: &[(&str, u32)] = &[
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.2.0", 24),
    ("192.31.196.0", 24),
    ("192.52.193.0", 24),
    ("192.88.99.0", 24),
    ("192.168.0.0", 16),
    ("192.175.48.0", 24),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("224.0.0.0", 3),
];

/// Ranges within 2000::/3 that it does not route.
const NOT_PUBLIC_V6: &[(&str, u32)] = &[
    ("2001::", 23),
    ("2001:db8::", 32),
    ("2002::", 16),
    ("2620:4f:8000::", 48),
    ("3fff::", 20),
];

/// Keeps the promises of [`Host`] and [`AddressClass`].
pub fn run(data: &[u8]) {
    let mut bytes = data.iter().copied().chain(std::iter::repeat(0));
    let mut next = || bytes.next().unwrap_or_default();
    let four = Ipv4Addr::from(std::array::from_fn(|_| next()));
    let six = Ipv6Addr::from(std::array::from_fn(|_| next()));
    classify(four.into());
    classify(six.into());
    spell_four(four, [next(), next(), next()]);
    spell_six(six);
    hide(four, six);
    for line in String::from_utf8_lossy(data).lines().take(8) {
        read(line);
    }
}

/// The class is what the registries say, by another way of looking it up.
fn classify(address: IpAddr) {
    let is_public = match address {
        IpAddr::V4(four) => !NOT_PUBLIC_V4.iter().any(|(from, length)| {
            let from: Ipv4Addr = from.parse().expect("a range");
            (four.to_bits() ^ from.to_bits()) >> (32 - length) == 0
        }),
        IpAddr::V6(six) => {
            let bits = six.to_bits();
            let is_special = NOT_PUBLIC_V6.iter().any(|(from, length)| {
                let from: Ipv6Addr = from.parse().expect("a range");
                (bits ^ from.to_bits()) >> (128 - length) == 0
            });
            // Bit 0x200 of the half that names the interface says that the address within is unique.
            let hides_four = (bits >> 32) as u32 & !0x0200_0000 == 0x5efe;
            bits >> 125 == 1 && !is_special && !hides_four
        }
    };
    let class = AddressClass::of(address);
    assert_eq!(class.is_public(), is_public, "{address} is {class}");
    assert_eq!(Host::Address(address).is_private_by_name(), !is_public);
}

fn is_read_as(text: &str, address: IpAddr) {
    let host: Host = text.parse().expect("a spelling of an address");
    assert_eq!(host, Host::Address(address), "{text}");
    assert_eq!(host.to_string().parse().as_ref(), Ok(&host));
}

/// One to four numbers, each decimal, octal or hexadecimal, with zeros before it where they change nothing.
fn spell_four(four: Ipv4Addr, style: [u8; 3]) {
    let [count, bases, zeros] = style;
    let octets = four.octets();
    let first = usize::from(count % 4);
    let mut numbers: Vec<u32> = octets.iter().take(first).map(|octet| u32::from(*octet)).collect();
    let rest = octets.iter().skip(first);
    numbers.push(rest.fold(0, |number, octet| number << 8 | u32::from(*octet)));
    let spelled = numbers.iter().enumerate().map(|(at, number)| {
        let zeros = "0".repeat(usize::from(zeros >> (2 * at) & 3));
        match bases >> (2 * at) & 3 {
            0 => format!("0{zeros}{number:o}"),
            1 => format!("0x{zeros}{number:x}"),
            2 => format!("0X{zeros}{number:X}"),
            _ => number.to_string(),
        }
    });
    let mut text = spelled.collect::<Vec<_>>().join(".");
    if count & 0x80 != 0 {
        text.push('.');
    }
    is_read_as(&text, four.into());
    agree(&text);
}

fn spell_six(six: Ipv6Addr) {
    let groups = six.segments().map(|group| format!("{group:04x}"));
    let long = groups.join(":");
    let tail = Ipv4Addr::from_bits(six.to_bits() as u32);
    let dotted = format!("{}:{tail}", groups[..6].join(":"));
    for text in [
        six.to_string(),
        format!("[{six}]"),
        long.to_uppercase(),
        long,
        dotted,
    ] {
        is_read_as(&text, six.into());
    }
}

/// Every known dress in which an address of version 4 travels as one of version 6.
fn hide(four: Ipv4Addr, around: Ipv6Addr) {
    let four = u128::from(four.to_bits());
    let around = around.to_bits();
    let prefix = |text: &str| text.parse::<Ipv6Addr>().expect("a prefix").to_bits();
    let upper = around >> 64 << 64;
    let masked = |from: u32, to: u32| around << from >> from >> (128 - to) << (128 - to);
    for hidden in [
        four,
        prefix("::ffff:0:0") | four,
        prefix("::ffff:0:0:0") | four,
        prefix("64:ff9b::") | four,
        prefix("64:ff9b:1::") | masked(48, 96) | four,
        prefix("64:ff9b:1::") | (four >> 16) << 64 | (four & 0xffff) << 40,
        prefix("2002::") | four << 80 | masked(48, 128),
        prefix("2001::") | four << 64 | masked(64, 128),
        prefix("2001::") | masked(32, 96) | (four ^ 0xffff_ffff),
        upper | 0x5efe << 32 | four,
        upper | 0x0200_5efe << 32 | four,
    ] {
        let address = Ipv6Addr::from_bits(hidden);
        let class = AddressClass::of(address.into());
        assert!(!class.is_public(), "{address} is {class}");
        classify(address.into());
    }
}

fn read(line: &str) {
    match line.parse::<Host>() {
        Ok(host) => {
            assert_eq!(host.to_string().parse().as_ref(), Ok(&host));
            if let Host::Address(address) = host {
                classify(address);
            }
            let _ = host.is_private_by_name();
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
    }
    agree(line);
}

/// Nobody takes for an address what is a name here, or for another address.
fn agree(text: &str) {
    let Ok(host) = text.parse::<Host>() else { return };
    if let Ok(address) = text.parse::<IpAddr>() {
        assert_eq!(host, Host::Address(address));
    }
    let bare = text.contains(':') && !text.starts_with('[');
    let bracketed = if bare {
        format!("[{text}]")
    } else {
        text.to_owned()
    };
    match (host, ::url::Host::parse(&bracketed)) {
        (Host::Address(IpAddr::V4(ours)), Ok(::url::Host::Ipv4(theirs))) => assert_eq!(ours, theirs),
        (Host::Address(IpAddr::V6(ours)), Ok(::url::Host::Ipv6(theirs))) => assert_eq!(ours, theirs),
        (Host::Domain(ours), Ok(::url::Host::Domain(theirs))) => {
            assert_eq!(ours.as_str(), theirs.strip_suffix('.').unwrap_or(&theirs));
        }
        // What is no good punycode is a name to a resolver and nothing to a browser.
        (Host::Domain(ours), Err(_)) => assert!(ours.as_str().contains("xn--"), "{text}"),
        (ours, theirs) => panic!("{text:?} is {ours:?} and {theirs:?}"),
    }
}
