//! A network such as `10.0.0.0/8`, or one address. Used for `server.trusted_proxies`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpRange {
    network: IpAddr,
    /// How many bits are shared: 0 to 32 for IPv4, 0 to 128 for IPv6.
    bits: u8,
}

impl IpRange {
    /// Whether the address lies in the range. An IPv4 address that arrives as `::ffff:a.b.c.d`
    /// counts as IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => shared(
                network.to_bits().into(),
                address.to_bits().into(),
                32,
                self.bits,
            ),
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                shared(network.to_bits(), address.to_bits(), 128, self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn shared(left: u128, right: u128, width: u32, bits: u8) -> bool {
    let apart = width - u32::from(bits);
    // A shift by the whole width would overflow; then no bit is compared.
    apart == u128::BITS || (left ^ right) >> apart == 0
}

impl FromStr for IpRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let network: IpAddr = address.trim().parse().map_err(|_| {
            "is neither an address such as 127.0.0.1 nor a network such as 10.0.0.0/8".to_owned()
        })?;
        let network = network.to_canonical();
        let width: u8 = if network.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) => bits
                .trim()
                .parse()
                .ok()
                .filter(|bits| *bits <= width)
                .ok_or_else(|| format!("has /{bits}, expected /0 to /{width}"))?,
        };
        Ok(Self { network, bits })
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_the_addresses_that_share_its_bits() {
        let holds = |range: &str, address: &str| {
            range
                .parse::<IpRange>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(holds("10.1.2.3/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1"));
        assert!(!holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.7"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn a_range_that_cannot_be_is_refused() {
        for (text, says) in [
            ("10.0.0.0/33", "/0 to /32"),
            ("::1/129", "/0 to /128"),
            ("proxy.local", "neither an address"),
            ("10.0.0.0/x", "/0 to /32"),
        ] {
            let error = text.parse::<IpRange>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
