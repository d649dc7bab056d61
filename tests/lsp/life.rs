//! How a conversation begins, goes wrong and ends.

use crate::client::Client;
use gen_lsp_types::InitializeResult;
use serde_json::{Value, json};

#[test]
fn the_handshake_comes_first_and_shutdown_last() {
    let mut client = Client::start();
    let early = client.ask("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002);
    let given = json!({ "processId": null, "capabilities": {}, "rootUri": null });
    let result: InitializeResult = client.typed("initialize", given.clone());
    assert!(result.capabilities.completion_provider.is_some());
    assert_eq!(result.server_info.unwrap().name, "scn");
    client.notify("initialized", json!({}));
    assert_eq!(client.ask("initialize", given)["error"]["code"], -32600);
    assert_eq!(client.ok("shutdown", Value::Null), Value::Null);
    let late = client.ask("textDocument/hover", json!({}));
    assert_eq!(late["error"]["code"], -32600);
    client.notify("exit", Value::Null);
    assert_eq!(client.ended().code(), Some(0));
}

#[test]
fn an_exit_without_a_shutdown_is_one() {
    let mut client = Client::ready();
    client.notify("exit", Value::Null);
    assert_eq!(client.ended().code(), Some(1));
}

#[test]
fn it_ends_when_its_client_is_gone() {
    let mut client = Client::ready();
    client.open("a.scn", "let a = 1\n");
    client.hang_up();
    assert_eq!(client.ended().code(), Some(1));
    let mut client = Client::ready();
    client.ok("shutdown", Value::Null);
    client.hang_up();
    assert_eq!(client.ended().code(), Some(0));
    // in the middle of a message
    let mut client = Client::ready();
    client.raw(b"Content-Length: 100\r\n\r\n{");
    client.hang_up();
    assert_eq!(client.ended().code(), Some(1));
}

#[test]
fn what_is_no_message_is_answered_and_passed_over() {
    let mut client = Client::ready();
    client.raw(b"Content-Length: 4\r\n\r\n{no}");
    let answer = client.wait(|message| message["id"].is_null() && message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32700);
    client.raw(b"nonsense\r\n\r\n");
    let answer = client.wait(|message| message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32700);
    for message in [json!([]), json!({}), json!("x"), json!({ "id": 7 })] {
        client.send(&message);
        let answer = client.wait(|message| message.get("error").is_some());
        assert_eq!(answer["error"]["code"], -32600, "{message}");
    }
    assert_eq!(client.ask("no/such", json!({}))["error"]["code"], -32601);
    let wrong = client.ask("textDocument/hover", json!({ "position": 3 }));
    assert_eq!(wrong["error"]["code"], -32602);
    client.notify("textDocument/didOpen", json!({ "textDocument": 1 }));
    let log = client.wait(|message| message["method"] == "window/logMessage");
    assert!(
        log["params"]["message"]
            .as_str()
            .unwrap()
            .contains("didOpen"),
        "{log}"
    );
    // of a document that is not open nothing is known
    let place = client.at("a.scn", (0, 0));
    assert_eq!(client.ok("textDocument/hover", place), Value::Null);
    client.notify("$/whatever", json!({}));
    client.ok("shutdown", Value::Null);
}

#[test]
fn a_request_that_was_cancelled_says_so() {
    let mut client = Client::ready();
    client.open("a.scn", &"let a = [1]\n".repeat(2000));
    let params = client.at("a.scn", (0, 4));
    let id = "one";
    // both are there before the first of them is looked at: it is busy with the text above
    let hover =
        json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/hover", "params": params });
    let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } });
    let framed = |message: &Value| {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    };
    client.raw(format!("{}{}", framed(&hover), framed(&cancel)).as_bytes());
    let answer = client.wait(|message| message["id"] == id);
    // the answer may have been quicker, and then it is one
    let code = answer["error"]["code"].as_i64();
    assert!(code.is_none_or(|code| code == -32800), "{answer}");
}
