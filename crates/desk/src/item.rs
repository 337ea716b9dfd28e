//! Items: what can be ordered.

use protocol::FieldError;

use crate::text::{TextRule, check_text};

/// What an item's name, or that of a free line, may be.
pub const NAME: TextRule = TextRule {
    min_chars: 1,
    max_chars: 200,
    lines: false,
};

/// Highest price of one, in minor units.
pub const UNIT_PRICE_MAX: i64 = 100_000_000;

/// ISO 4217 codes in use, without funds and precious metals.
pub const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB \
    BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB \
    EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD \
    JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP \
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON \
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP \
    TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

/// Checks a currency code.
pub fn check_currency(pointer: &str, currency: &str, errors: &mut Vec<FieldError>) {
    if currency.len() != 3 || !CURRENCIES.split_whitespace().any(|known| known == currency) {
        let shown: String = currency.chars().take(10).collect();
        errors.push(FieldError::new(
            pointer,
            format!("`{shown}` is not a currency code of ISO 4217 such as EUR"),
        ));
    }
}

/// Checks the price of one.
pub fn check_unit_price(pointer: &str, unit_price: i64, errors: &mut Vec<FieldError>) {
    if !(0..=UNIT_PRICE_MAX).contains(&unit_price) {
        errors.push(FieldError::new(
            pointer,
            format!("is {unit_price}, allowed are 0 to {UNIT_PRICE_MAX} minor units"),
        ));
    }
}

/// Checks a name.
pub fn check_name(pointer: &str, name: &str, errors: &mut Vec<FieldError>) {
    check_text(pointer, name, NAME, errors);
}
