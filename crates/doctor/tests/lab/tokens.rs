//! Group E, the token: a real one of a real server, wrong in one respect.

use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::forge::Forge;
use crate::frontdesk::{CUSTOMER, Frontdesk, OTHER_CUSTOMER, STAFF};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::proxies::{NGINX_PASSES_SOCKETS, nginx_with};
use crate::visitors::{ask, sign_in};

const EVENTS: &str = "/api/v1/ws";

/// Blames the server for this token and clears it with an untouched one.
async fn judge(lab: &mut Lab, server: &Frontdesk, token: &str) {
    lab.blames(at(server.socket(EVENTS)).token(token)).await;
    lab.clears(at(server.socket(EVENTS)).token(&server.token(CUSTOMER)))
        .await;
}

provokes! {
    "auth.missing" => no_token_is_sent,
    "auth.placeholder" => a_word_is_sent_where_the_token_belongs,
    "auth.malformed" => the_token_was_cut,
    "auth.expired" => the_token_of_an_hour_ago_is_used_again,
    "auth.not_yet_valid" => the_clock_that_dated_the_token_is_fast,
    "auth.signature" => the_token_is_of_another_server,
    "auth.ephemeral_secret" => two_workers_have_a_key_each,
    "auth.alg" => the_token_is_signed_by_another_algorithm,
    "auth.aud" => the_token_is_for_another_audience,
    "auth.iss" => the_token_is_of_another_issuer,
    "auth.claim" => a_claim_is_missing_or_of_the_wrong_type,
    "auth.wrong_kind" => an_access_token_is_sent_to_the_socket,
    "auth.revoked" => the_session_has_ended_or_the_account_is_disabled,
    "authz.chat" => the_chat_is_none_of_this_account,
    "authz.user_mismatch" => the_id_of_the_account_stands_where_the_chat_belongs,
    "authz.role" => staff_open_the_chat_of_a_customer,
}

async fn no_token_is_sent(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    lab.blames(at(server.socket(EVENTS))).await;
    lab.blames(at(server.socket(&format!("{EVENTS}?token="))))
        .await;
    lab.clears(at(server.socket(EVENTS)).token(&server.token(CUSTOMER)))
        .await;
}

async fn a_word_is_sent_where_the_token_belongs(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    for word in [
        "test",
        "undefined",
        "null",
        "%5Bobject%20Object%5D",
        "YOUR_TOKEN",
        "%3CVALID_JWT%3E",
    ] {
        lab.blames(at(server.socket(&format!("/ws/chat/42?token={word}"))))
            .await;
    }
    let token = server.token(CUSTOMER);
    lab.blames(at(server.socket(EVENTS)).token(&format!("\"{token}\"")))
        .await;
    lab.blames(at(server.socket(EVENTS)).token(&format!("Bearer {token}")))
        .await;
    lab.clears(at(server.socket(EVENTS)).token(&token)).await;
}

async fn the_token_was_cut(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let token = server.token(CUSTOMER);
    let cut = &token[..token.rfind('.').unwrap() - 7];
    judge(lab, &server, cut).await;
}

async fn the_token_of_an_hour_ago_is_used_again(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    judge(lab, &server, &Forge::of(&server).moved(-3_600).sign()).await;
}

async fn the_clock_that_dated_the_token_is_fast(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    judge(lab, &server, &Forge::of(&server).moved(600).sign()).await;
}

async fn the_token_is_of_another_server(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let other = Frontdesk::demo().start().await;
    judge(lab, &server, &other.token(CUSTOMER)).await;
    // The right key id, and another key behind it.
    let mut forge = Forge::of(&other);
    forge.header = Forge::of(&server).header;
    lab.blames(at(server.socket(EVENTS)).token(&forge.sign()))
        .await;
}

async fn two_workers_have_a_key_each(lab: &mut Lab) {
    let (one, other) = (
        Frontdesk::demo().start().await,
        Frontdesk::demo().start().await,
    );
    let balanced = |first: u16, second: u16| async move {
        let desk =
            format!("upstream desk {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; }}");
        let all = format!("location / {{ proxy_pass http://desk; {NGINX_PASSES_SOCKETS} }}");
        nginx_with(&desk, &all).await
    };
    let half = balanced(one.port, other.port).await;
    let token = one.token(CUSTOMER);
    lab.blames(at(half.socket(EVENTS)).token(&token)).await;
    let whole = balanced(one.port, one.port).await;
    lab.clears(at(whole.socket(EVENTS)).token(&token)).await;
}

async fn the_token_is_signed_by_another_algorithm(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let token = Forge::of(&server)
        .algorithm(Algorithm::HS512, "HS512")
        .sign();
    judge(lab, &server, &token).await;
    let unsigned = Forge::of(&server).header("alg", "none").sign();
    let unsigned = format!("{}.", &unsigned[..unsigned.rfind('.').unwrap()]);
    lab.blames(at(server.socket(EVENTS)).token(&unsigned)).await;
}

async fn the_token_is_for_another_audience(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    judge(lab, &server, &Forge::of(&server).claim("aud", "api").sign()).await;
}

async fn the_token_is_of_another_issuer(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    judge(
        lab,
        &server,
        &Forge::of(&server)
            .claim("iss", "https://login.example.com")
            .sign(),
    )
    .await;
}

async fn a_claim_is_missing_or_of_the_wrong_type(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    judge(
        lab,
        &server,
        &Forge::of(&server).without_claim("sid").sign(),
    )
    .await;
    let number = Forge::of(&server).claim("sub", json!(42)).sign();
    lab.blames(at(server.socket(EVENTS)).token(&number)).await;
}

async fn an_access_token_is_sent_to_the_socket(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    judge(
        lab,
        &server,
        &Forge::of(&server).header("typ", "at+jwt").sign(),
    )
    .await;
    let plain = Forge::of(&server).header("typ", "JWT").sign();
    lab.blames(at(server.socket(EVENTS)).token(&plain)).await;
}

async fn the_session_has_ended_or_the_account_is_disabled(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let cookie = sign_in(server.port, CUSTOMER, crate::frontdesk::PASSWORD).await;
    let (_, answer) = ask(server.port, "GET", "/api/v1/auth/ws-token", &cookie, "").await;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let token = answer["token"].as_str().unwrap();
    lab.clears(at(server.socket(EVENTS)).token(token)).await;
    let (head, _) = ask(server.port, "POST", "/api/v1/auth/logout", &cookie, "").await;
    assert!(head.contains(" 204 ") || head.contains(" 200 "), "{head}");
    lab.blames(at(server.socket(EVENTS)).token(token)).await;

    let token = server.token(OTHER_CUSTOMER);
    server.run(&["user", "disable", "--email", OTHER_CUSTOMER], &[]);
    lab.blames(at(server.socket(EVENTS)).token(&token)).await;
}

async fn the_chat_is_none_of_this_account(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let token = server.token(CUSTOMER);
    let stranger = "/ws/chat/0190a000-0000-7000-8000-0000000000d1";
    lab.blames(at(server.socket(stranger)).token(&token)).await;
    lab.clears(at(server.socket("/ws/chat/me")).token(&token))
        .await;
}

async fn the_id_of_the_account_stands_where_the_chat_belongs(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let token = server.token(CUSTOMER);
    let user = Forge::of(&server).claims["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    lab.blames(at(server.socket(&format!("/ws/chat/{user}"))).token(&token))
        .await;
    lab.clears(at(server.socket("/ws/chat/me")).token(&token))
        .await;
}

async fn staff_open_the_chat_of_a_customer(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    lab.blames(at(server.socket("/ws/chat/me")).token(&server.token(STAFF)))
        .await;
    lab.clears(at(server.socket("/ws/chat/me")).token(&server.token(CUSTOMER)))
        .await;
}
