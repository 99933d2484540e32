//! The yardstick: nginx as a plain reverse proxy, set up as one would in front of an MCP server.
//!
//! `worker_processes auto`: one worker per core, as the gateway has one worker thread per core. Kept-alive connections
//! to the upstream, as the gateway has. `proxy_buffering off`, because an event stream must not be held back. No
//! access log.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::process::{Process, free_address, leashed};

/// The binary, also where a user's `PATH` has no `sbin`.
pub(super) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join("nginx")).find(|path| path.is_file())
}

pub(super) fn start(binary: &Path, dir: &Path, upstream: SocketAddr) -> Result<(Process, SocketAddr), String> {
    let address = free_address()?;
    let dir = dir.join("nginx");
    let file = dir.join("nginx.conf");
    fs::create_dir_all(&dir)
        .and_then(|()| fs::write(&file, configuration(&dir, address, upstream)))
        .map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    let mut command = leashed(binary);
    command.arg("-p").arg(&dir).arg("-c").arg(&file).args(["-e", "stderr", "-g", "daemon off;"]);
    let mut process = Process::start("nginx", command, &dir)?;
    process.wait_for(address)?;
    Ok((process, address))
}

fn configuration(dir: &Path, address: SocketAddr, upstream: SocketAddr) -> String {
    // As root the workers would become another user, who may not enter our folder.
    let user = if dir.metadata().is_ok_and(|meta| meta.uid() == 0) { "user root;\n" } else { "" };
    let dir = dir.display();
    format!(
        r#"{user}worker_processes auto;
pid {dir}/pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_max_body_size 64m;
    client_body_buffer_size 1m;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    upstream mcp {{
        server {upstream};
        keepalive 128;
        keepalive_requests 1000000000;
        keepalive_timeout 600s;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://mcp;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"#
    )
}
