//! What libraries say of a token: jsonwebtoken (Node), PyJWT, python-jose and others. Their words
//! are the server's own, so they outweigh a 403 that the client sees.

use crate::explain::pattern::{Pattern, certain};

pub(super) const PATTERNS: &[Pattern] = &[
    certain(
        "ExpiredSignature|Signature has expired|TokenExpiredError|jwt expired|[Tt]oken (?:has|is) expired",
        "auth.expired",
    )
    .says("The server says that the token has expired.")
    .fix("Fetch a token before each attempt to connect, and again at each reconnect; do not keep the one from the start of the page."),
    certain(
        "ImmatureSignature|[Tt]oken is not yet valid|NotBeforeError|jwt not active",
        "auth.not_yet_valid",
    ),
    certain(
        "InvalidSignatureError|Signature verification failed|JsonWebTokenError: invalid signature|signature verification failed",
        "auth.signature",
    ),
    certain(
        "InvalidAudience|Audience doesn't match|jwt audience invalid",
        "auth.aud",
    ),
    certain(
        "InvalidIssuer|jwt issuer invalid|Invalid issuer",
        "auth.iss",
    ),
    certain(
        "InvalidAlgorithm|specified alg value is not allowed|JsonWebTokenError: invalid algorithm",
        "auth.alg",
    ),
    certain(
        "MissingRequiredClaim|Token is missing the \"\\w+\" claim",
        "auth.claim",
    ),
    certain(
        "Not enough segments|jwt malformed|Invalid (?:header|payload) padding|Invalid header string",
        "auth.malformed",
    ),
    certain("jwt must be provided", "auth.missing"),
];
