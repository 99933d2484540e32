//! Every client understands the test server, over HTTP and over stdio.

use doorward_testkit::peers::{
    Fixture, Peer, Target, installed, python_fixture, server_everything, server_filesystem, server_memory,
};
use rmcp::{ServiceExt, model::ClientConfig, transport::TokioChildProcess};

/// Walks all clients and reports every one that fails, not only the first.
fn walk_all(target: Target<'_>) {
    let apart = installed("clients").unwrap();
    let walks = Peer::all().iter().filter(|peer| apart || !peer.is_installed_apart());
    let failures: Vec<String> = walks
        .map(|peer| (peer, peer.walk(target).unwrap()))
        .filter(|(_, walk)| !walk.ok)
        .map(|(peer, walk)| format!("{peer}: {}", walk.summary))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_client_walks_over_http() {
    let server = Fixture::start(&[]).unwrap();
    walk_all(Target::Url(server.url()));
}

#[test]
fn every_client_walks_over_stdio() {
    walk_all(Target::Command(&Fixture::stdio_command(&[]).unwrap()));
}

#[test]
fn every_client_that_asks_first_falls_back_to_an_old_server() {
    let server = Fixture::start(&["--era", "legacy"]).unwrap();
    let apart = installed("clients").unwrap();
    for peer in Peer::all().iter().filter(|peer| peer.mode == "auto") {
        if apart || !peer.is_installed_apart() {
            let walk = peer.walk(Target::Url(server.url())).unwrap();
            assert!(walk.ok, "{peer}: {}", walk.summary);
        }
    }
}

#[test]
fn the_python_server_is_understood() {
    if installed("the Python server").unwrap() {
        let (_server, url) = python_fixture(&[]).unwrap();
        for peer in Peer::all().iter().filter(|peer| peer.name == "rust") {
            let walk = peer.walk(Target::Url(&url)).unwrap();
            assert!(walk.ok, "{peer}: {}", walk.summary);
        }
    }
}

#[test]
fn a_walk_that_fails_says_so() {
    let server = Fixture::start(&["--flood=3"]).unwrap();
    let peer = Peer::all().iter().find(|peer| peer.name == "rust").unwrap();
    let walk = peer.walk(Target::Url(server.url())).unwrap();
    assert!(!walk.ok);
    assert_eq!(walk.summary["echo"], "lin");
}

#[tokio::test]
async fn the_official_servers_start_and_list_their_tools() {
    if !installed("the official servers").unwrap() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for words in [server_everything("stdio"), server_filesystem(dir.path()), server_memory()] {
        let mut command = tokio::process::Command::new(&words[0]);
        command.args(&words[1..]).env("MEMORY_FILE_PATH", dir.path().join("memory.jsonl"));
        let client = ClientConfig::default().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
        assert!(client.list_all_tools().await.unwrap().len() > 5, "{words:?}");
        client.cancel().await.unwrap();
    }
}
