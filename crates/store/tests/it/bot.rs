//! The bot's work as rows: who is at a chat, what is left by a crash, what a choice becomes.

use protocol::{
    Chat, ChatId, ErrorCode, HandlerKind, Message, MessageId, MessageState, Role, User,
};
use store::{
    AnswerEnd, BeginAnswer, BotOffer, ChooseAction, EndAnswer, KeepAnswer, PageRequest, StopAnswer,
    TakeBotWork, TakenBotWork,
};

use crate::harness::{Node, Place, actor, at, refused_with};

contract! {
    a_chat_is_taken_up_by_one_and_taken_over_once_its_lease_has_run_out,
    a_question_that_comes_during_an_answer_is_answered_next,
    a_choice_is_work_until_its_outcome_is_said,
    what_the_bot_cost_is_counted_by_day,
    an_erased_customer_leaves_no_words_with_the_bot,
}

/// A customer of a store with a bot, and a chat in which they have asked something.
async fn asked(place: &Place) -> (Node, User, Chat) {
    let node = place.open_with_bot().await;
    let ana = node.user("ana", Role::Customer).await;
    let chat = node.chat(&ana).await;
    assert_eq!(chat.handler.kind, HandlerKind::Bot);
    node.say(&ana, &chat, "hello").await;
    (node, ana, chat)
}

async fn take(node: &Node, chat: ChatId, owner: &str, now: i64) -> TakenBotWork {
    let take = TakeBotWork {
        chat,
        owner: owner.to_owned(),
        until: at(now + 100),
        now: at(now),
    };
    node.store.write(take).await.unwrap()
}

fn end(chat: ChatId, owner: &str, id: Option<MessageId>) -> EndAnswer {
    EndAnswer {
        chat,
        owner: owner.to_owned(),
        id,
        begun: true,
        body: "whole".to_owned(),
        state: MessageState::Complete,
        offers: Vec::new(),
        hand_over: false,
        outcome_of: None,
        then: AnswerEnd::Answered,
        usage: None,
        now: at(900),
    }
}

async fn begin(node: &Node, chat: ChatId, owner: &str) -> MessageId {
    let id = MessageId::new();
    let begin = BeginAnswer {
        chat,
        owner: owner.to_owned(),
        id,
        now: at(800),
    };
    assert!(node.store.write(begin).await.unwrap());
    id
}

/// What stands in the chat, the newest first.
async fn messages(node: &Node, chat: ChatId) -> Vec<Message> {
    let page = PageRequest {
        limit: 200,
        cursor: None,
    };
    node.store.messages(chat, true, page).await.unwrap().items
}

async fn newest(node: &Node, chat: ChatId) -> Message {
    messages(node, chat).await.remove(0)
}

async fn a_chat_is_taken_up_by_one_and_taken_over_once_its_lease_has_run_out(place: Place) {
    let (node, _, chat) = asked(&place).await;
    assert_eq!(node.store.bot_work(at(1_000), 9).await.unwrap(), [chat.id]);
    assert!(
        take(&node, chat.id, "one", 1_000)
            .await
            .work
            .unwrap()
            .question
    );
    assert!(take(&node, chat.id, "two", 1_050).await.work.is_none());
    assert!(node.store.bot_work(at(1_050), 9).await.unwrap().is_empty());
    let id = begin(&node, chat.id, "one").await;
    let keep = KeepAnswer {
        chat: chat.id,
        owner: "one".to_owned(),
        grown: Some((id, "half".to_owned())),
        until: at(1_200),
    };
    assert!(node.store.write(keep.clone()).await.unwrap());
    assert!(take(&node, chat.id, "two", 1_199).await.work.is_none());

    let taken = take(&node, chat.id, "two", 1_200).await;
    assert_eq!(taken.left, Some(id));
    assert_eq!(taken.work.unwrap().failures, 1);
    let left = newest(&node, chat.id).await;
    assert_eq!(
        (left.state, left.body.as_str()),
        (MessageState::Failed, "half")
    );
    // Whoever had it writes nothing any more.
    assert!(!node.store.write(keep).await.unwrap());
    assert!(
        node.store
            .write(end(chat.id, "one", Some(id)))
            .await
            .unwrap()
            .is_none()
    );
    let id = begin(&node, chat.id, "two").await;
    let ended = node
        .store
        .write(end(chat.id, "two", Some(id)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.body, "whole");
    assert_eq!(newest(&node, chat.id).await, ended);
    assert!(node.store.bot_work(at(9_000), 9).await.unwrap().is_empty());
    assert!(take(&node, chat.id, "one", 9_000).await.work.is_none());
}

async fn a_question_that_comes_during_an_answer_is_answered_next(place: Place) {
    let (node, ana, chat) = asked(&place).await;
    take(&node, chat.id, "one", 1_000).await;
    let id = begin(&node, chat.id, "one").await;
    node.say(&ana, &chat, "and this?").await;
    node.store
        .write(end(chat.id, "one", Some(id)))
        .await
        .unwrap();
    assert_eq!(node.store.bot_work(at(1_001), 9).await.unwrap(), [chat.id]);
    // Stopped from elsewhere: the one that was stopped is answered, the newer one is not.
    take(&node, chat.id, "one", 1_001).await;
    let id = begin(&node, chat.id, "one").await;
    node.say(&ana, &chat, "and that?").await;
    let stop = StopAnswer {
        actor: actor(&ana),
        chat: chat.id,
        id,
    };
    let stopped = node.store.write(stop.clone()).await.unwrap();
    assert_eq!(stopped.state, MessageState::Cancelled);
    assert_eq!(node.store.write(stop.clone()).await.unwrap(), stopped);
    let ben = node.user("ben", Role::Customer).await;
    let others = StopAnswer {
        actor: actor(&ben),
        ..stop
    };
    refused_with(node.store.write(others).await, ErrorCode::NotFound);
    let keep = KeepAnswer {
        chat: chat.id,
        owner: "one".to_owned(),
        grown: Some((id, "more".to_owned())),
        until: at(2_000),
    };
    assert!(
        !node.store.write(keep).await.unwrap(),
        "its writer learns of it"
    );
    node.store
        .write(end(chat.id, "one", Some(id)))
        .await
        .unwrap();
    let kept = messages(&node, chat.id).await;
    let kept = kept.iter().find(|message| message.id == id).unwrap();
    assert_eq!(
        (kept.state, kept.body.as_str()),
        (MessageState::Cancelled, "")
    );
    assert!(
        take(&node, chat.id, "two", 1_002)
            .await
            .work
            .unwrap()
            .question
    );
}

async fn a_choice_is_work_until_its_outcome_is_said(place: Place) {
    let (node, ana, chat) = asked(&place).await;
    take(&node, chat.id, "one", 1_000).await;
    let id = begin(&node, chat.id, "one").await;
    let offering = EndAnswer {
        offers: ["Yes", "No"]
            .iter()
            .map(|label| BotOffer {
                id: label.to_lowercase(),
                label: (*label).to_owned(),
                proposal: format!("do {label}"),
            })
            .collect(),
        ..end(chat.id, "one", Some(id))
    };
    let offered = node.store.write(offering).await.unwrap().unwrap();
    assert_eq!(offered.actions.len(), 2);
    assert_eq!(newest(&node, chat.id).await, offered);
    let choose = |action: &str| ChooseAction {
        actor: actor(&ana),
        chat: chat.id,
        message: id,
        action: action.to_owned(),
        now: at(1_100),
    };
    refused_with(node.store.write(choose("maybe")).await, ErrorCode::NotFound);
    let chosen = node.store.write(choose("yes")).await.unwrap();
    assert!(chosen.actions[0].chosen && !chosen.actions[1].chosen);
    assert_eq!(node.store.write(choose("yes")).await.unwrap(), chosen);
    refused_with(
        node.store.write(choose("no")).await,
        ErrorCode::InvalidTransition,
    );

    // A crash before the outcome was said: it is found again.
    let work = take(&node, chat.id, "one", 2_000).await.work.unwrap();
    assert!(!work.question);
    let work_again = take(&node, chat.id, "two", 3_000).await.work.unwrap();
    assert_eq!(work_again.chosen, work.chosen);
    assert_eq!(work.chosen[0].proposal, "do Yes");
    let outcome = EndAnswer {
        begun: false,
        outcome_of: Some(id),
        ..end(chat.id, "two", Some(MessageId::new()))
    };
    node.store.write(outcome).await.unwrap().unwrap();
    assert!(node.store.bot_work(at(9_000), 9).await.unwrap().is_empty());
}

async fn what_the_bot_cost_is_counted_by_day(place: Place) {
    let (node, ana, chat) = asked(&place).await;
    for (now, day, sum) in [
        (1_000, 7, (1, 30)),
        (2_000, 7, (2, 60)),
        (3_000, 8, (1, 30)),
    ] {
        node.say(&ana, &chat, "more").await;
        take(&node, chat.id, "one", now).await;
        let answer = EndAnswer {
            begun: false,
            usage: Some((day, 30)),
            ..end(chat.id, "one", Some(MessageId::new()))
        };
        node.store.write(answer).await.unwrap();
        assert_eq!(node.store.bot_usage(ana.id, day).await.unwrap(), sum);
    }
    assert_eq!(node.store.bot_usage(ana.id, 7).await.unwrap(), (0, 0));
}

async fn an_erased_customer_leaves_no_words_with_the_bot(place: Place) {
    let (node, ana, chat) = asked(&place).await;
    take(&node, chat.id, "one", 1_000).await;
    let id = begin(&node, chat.id, "one").await;
    let offering = EndAnswer {
        body: "canary".to_owned(),
        offers: vec![BotOffer {
            id: "1".to_owned(),
            label: "canary".to_owned(),
            proposal: "canary".to_owned(),
        }],
        ..end(chat.id, "one", Some(id))
    };
    node.store.write(offering).await.unwrap();
    node.say(&ana, &chat, "and?").await;
    take(&node, chat.id, "one", 2_000).await;
    let growing = begin(&node, chat.id, "one").await;
    let erased = node
        .store
        .erase_user(ana.id, std::time::Duration::ZERO, at(3_000));
    erased.await.unwrap();
    // The answer that was under way ends without a word.
    let late = EndAnswer {
        body: "canary".to_owned(),
        ..end(chat.id, "one", Some(growing))
    };
    node.store.write(late).await.unwrap();
    assert!(node.store.bot_work(at(9_000), 9).await.unwrap().is_empty());
    for message in messages(&node, chat.id).await {
        assert_eq!((message.body.as_str(), message.actions.len()), ("", 0));
    }
    let left = node.store.bot_offers(ana.id).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}
