use crate::support::{SHORT, call, message, permit, receipt, receipt_of, soon};
use bytes::Bytes;
use doorward_engine::testing::permit_for_tests;
use doorward_transport::{
    LinkError, Stage,
    stdio::{Command, StderrLine, StdioInbox, StdioLink, StdioServer, StdioSettings},
};
use doorward_vocab::Secret;
use std::{
    io::{BufRead, BufReader, Read, Write},
    time::Duration,
};
use tokio::sync::mpsc;

struct Child {
    link: StdioLink,
    inbox: StdioInbox,
    stderr: mpsc::UnboundedReceiver<StderrLine>,
}

fn sh(script: &str, settings: StdioSettings) -> Child {
    let argv = ["/bin/sh", "-c", script].map(str::to_owned).into();
    let env = vec![("PATH".into(), Secret::new("/usr/bin:/bin".into())), ("KEY".into(), Secret::new("s3cret".into()))];
    let command = Command::new(argv, env, Some("/".into())).unwrap();
    assert!(!format!("{command:?}").contains("s3cret"), "a command is printed without its secrets");
    let (report, stderr) = mpsc::unbounded_channel();
    let (link, inbox) = StdioLink::spawn(&command, settings, move |line| {
        let _ = report.send(line);
    })
    .unwrap();
    Child { link, inbox, stderr }
}

const QUICK: StdioSettings = StdioSettings {
    max_line: 1000,
    queue_bytes: 10_000,
    write: SHORT,
    patience: Duration::from_millis(400),
    max_stderr_line: 10,
    stderr_per_second: 3,
};

impl Child {
    async fn send(&self, text: &str) -> Result<(), LinkError> {
        soon(self.link.send(permit(text), receipt())).await
    }
    async fn line(&mut self) -> String {
        let line = soon(self.inbox.recv()).await.unwrap().unwrap();
        String::from_utf8(line.to_vec()).unwrap()
    }
    /// Resolves when nobody holds the pipe any more: the child and all that it started are gone.
    async fn all_gone(&mut self) {
        soon(async { while self.stderr.recv().await.is_some() {} }).await;
    }
}

#[tokio::test]
async fn messages_go_in_and_lines_come_out() {
    let mut child = sh("cat", StdioSettings::default());
    for text in [r#"{"id":1}"#, r#"{"id":"é"}"#] {
        child.send(text).await.unwrap();
        assert_eq!(child.line().await, text);
    }
    let long = format!("\"{}\"", "x".repeat(3_000_000));
    child.send(&long).await.unwrap();
    assert_eq!(child.line().await, long);
    assert_eq!(child.link.exit(), None);
    assert_eq!(soon(child.link.shutdown()).await.code, Some(0), "cat ends with its stdin");
    assert!(soon(child.inbox.recv()).await.is_none());
    assert!(matches!(child.send("{}").await, Err(LinkError::Closed { .. })));
}

#[tokio::test]
async fn lines_end_with_lf_or_crlf_and_empty_ones_are_skipped() {
    let mut child = sh(r"printf 'a\r\n\n\r\nb\nc\rd\nrest'", QUICK);
    for line in ["a", "b", "c\rd"] {
        assert_eq!(child.line().await, line);
    }
    assert!(soon(child.inbox.recv()).await.is_none(), "a line without an end is none");
}

#[tokio::test]
async fn the_environment_is_what_the_command_says() {
    let mut child = sh("/usr/bin/env; pwd", QUICK);
    let mut lines = Vec::new();
    while let Some(line) = soon(child.inbox.recv()).await {
        lines.push(String::from_utf8(line.unwrap().to_vec()).unwrap());
    }
    // The shell adds these of its own.
    lines.retain(|l| !["PWD=", "SHLVL=", "_=", "OLDPWD="].iter().any(|own| l.starts_with(own)));
    lines.sort();
    assert_eq!(lines, ["/", "KEY=s3cret", "PATH=/usr/bin:/bin"]);
}

#[tokio::test]
async fn a_message_of_two_lines_is_never_sent() {
    let child = sh("cat", QUICK);
    for text in ["{\n}", "{}\n", "{}\r{}", ""] {
        assert!(matches!(child.send(text).await, Err(LinkError::NotOneLine)), "{text:?}");
    }
    let long = "x".repeat(1001);
    assert!(matches!(child.send(&long).await, Err(LinkError::TooLarge { limit: 1000, .. })));
    let sink = permit_for_tests(message("{}"), call(1), true);
    assert!(matches!(child.link.send(sink, receipt_of(call(1), false)).await, Err(LinkError::Unproven)));
}

#[tokio::test]
async fn a_line_without_an_end_closes_the_link() {
    for script in ["head -c 2000 /dev/zero; cat", "head -c 2000 /dev/zero; echo; cat"] {
        let mut child = sh(script, QUICK);
        let error = soon(child.inbox.recv()).await.unwrap().unwrap_err();
        assert!(matches!(error, LinkError::TooLarge { limit: 1000, .. }), "{error:?}");
        assert!(soon(child.inbox.recv()).await.is_none());
        soon(child.link.exited()).await;
    }
}

#[tokio::test]
async fn a_flood_waits_until_it_is_read() {
    let mut child = sh("yes 0123456789", QUICK);
    for _ in 0..5000 {
        assert_eq!(child.line().await, "0123456789");
    }
    drop(child.link);
    child.inbox = sh("true", QUICK).inbox;
}

#[tokio::test]
async fn a_child_that_reads_nothing_times_out() {
    let mut child = sh("exec 3<&0; sleep 1000", QUICK);
    let text = "x".repeat(1000);
    let error = soon(async {
        loop {
            if let Err(error) = child.link.send(permit(&text), receipt()).await {
                break error;
            }
        }
    })
    .await;
    assert!(matches!(error, LinkError::Timeout { stage: Stage::Queue, .. } | LinkError::Closed { .. }), "{error:?}");
    // The writer gives the child up.
    soon(child.link.exited()).await;
    child.all_gone().await;
}

#[tokio::test]
async fn the_end_of_a_child_is_seen_with_its_reason() {
    let mut child = sh("echo bye; exit 3", QUICK);
    assert_eq!(soon(child.link.exited()).await.code, Some(3));
    assert_eq!(child.line().await, "bye", "its last words are still read");
    assert!(soon(child.inbox.recv()).await.is_none());
    let child = sh("kill -9 $$", QUICK);
    assert_eq!(soon(child.link.exited()).await.signal, Some(9));
}

#[tokio::test]
async fn a_shutdown_ends_what_ignores_it_and_what_it_started() {
    // Neither the shell nor what it started reads stdin or heeds SIGTERM.
    let mut child = sh("trap '' TERM; sleep 1000 & echo up; wait", QUICK);
    assert_eq!(child.line().await, "up");
    assert_eq!(soon(child.link.shutdown()).await.signal, Some(9));
    child.all_gone().await;

    let mut child = sh("sleep 1000 & echo up; wait", QUICK);
    assert_eq!(child.line().await, "up");
    assert_eq!(soon(child.link.shutdown()).await.signal, Some(15), "SIGTERM comes first");
    child.all_gone().await;
}

#[tokio::test]
async fn dropping_the_link_ends_the_group() {
    let mut child = sh("sleep 1000 & echo up; wait", QUICK);
    assert_eq!(child.line().await, "up");
    drop(child.link);
    soon(async { while child.stderr.recv().await.is_some() {} }).await;
}

#[tokio::test]
async fn standard_error_is_drained_and_bounded() {
    let mut child =
        sh("for n in 1 2 3 4 5; do echo line $n >&2; done; head -c 1000000 /dev/zero >&2; echo done; cat", QUICK);
    assert_eq!(child.line().await, "done", "a full pipe would have stopped it");
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(soon(child.stderr.recv()).await.unwrap());
    }
    assert_eq!(lines[0], StderrLine { text: "line 1".into(), cut: false, dropped: 0 });
    assert_eq!(lines[2].text, "line 3");

    let mut child = sh("printf 'a very long line\\xff\\nb\\n' >&2; cat", QUICK);
    assert_eq!(
        soon(child.stderr.recv()).await.unwrap(),
        StderrLine { text: "a very lon".into(), cut: true, dropped: 0 }
    );
    assert_eq!(soon(child.stderr.recv()).await.unwrap().text, "b");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    for argv in [vec!["/no/such/program".to_owned()], vec![]] {
        let command = Command::new(argv, Vec::new(), None).unwrap();
        let error = StdioLink::spawn(&command, QUICK, |_| {}).unwrap_err();
        assert!(matches!(error, LinkError::Spawn { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn the_gateway_speaks_over_its_own_pipes() {
    let (stdin, mut to_gateway) = std::io::pipe().unwrap();
    let (from_gateway, stdout) = std::io::pipe().unwrap();
    let StdioServer { mut input, output } = StdioServer::over(stdin, stdout, QUICK).unwrap();
    to_gateway.write_all(b"one\r\n\ntw").unwrap();
    assert_eq!(soon(input.recv()).await.unwrap().unwrap(), &b"one"[..]);
    to_gateway.write_all(b"o\n").unwrap();
    assert_eq!(soon(input.recv()).await.unwrap().unwrap(), &b"two"[..]);

    soon(output.send(Bytes::from_static(b"{}"))).await.unwrap();
    let long = "x".repeat(40_000);
    let reader = std::thread::spawn(move || {
        let mut lines = BufReader::new(from_gateway).lines();
        (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap(), lines.next().is_none())
    });
    soon(output.send(Bytes::from(long.clone()))).await.unwrap();
    assert!(matches!(output.send(Bytes::from_static(b"{\n}")).await, Err(LinkError::NotOneLine)));
    drop(output);
    assert_eq!(reader.join().unwrap(), ("{}".to_owned(), long, true));

    drop(to_gateway);
    assert!(soon(input.recv()).await.is_none(), "the end of stdin is the end");
}

#[tokio::test]
async fn a_client_that_sends_too_long_a_line_or_leaves_is_noticed() {
    let (stdin, mut to_gateway) = std::io::pipe().unwrap();
    let (mut from_gateway, stdout) = std::io::pipe().unwrap();
    let StdioServer { mut input, output } = StdioServer::over(stdin, stdout, QUICK).unwrap();
    to_gateway.write_all(&[b'x'; 2000]).unwrap();
    assert!(matches!(soon(input.recv()).await, Some(Err(LinkError::TooLarge { limit: 1000, .. }))));
    assert!(soon(input.recv()).await.is_none());

    output.send(Bytes::from_static(b"{}")).await.unwrap();
    assert_eq!(from_gateway.read(&mut [0; 3]).unwrap(), 3);
    drop(from_gateway);
    soon(async { while output.send(Bytes::from_static(b"{}")).await.is_ok() {} }).await;
    soon(output.closed()).await;
}
