import Foundation

/// Debian's nginx, serving a folder on the loopback.
struct Nginx: Sendable {
    let server: Server

    /// Starts two workers that send files as the kernel does it best.
    init(serving folder: URL) async throws {
        let place = try Command.temporaryFolder()
        let port = Server.freePort()
        let configuration = """
            daemon off;
            worker_processes 2;
            pid \(place.path)/pid;
            error_log \(place.path)/error.log;
            events { worker_connections 512; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              client_body_temp_path \(place.path)/body;
              proxy_temp_path \(place.path)/proxy;
              fastcgi_temp_path \(place.path)/fastcgi;
              uwsgi_temp_path \(place.path)/uwsgi;
              scgi_temp_path \(place.path)/scgi;
              server { listen 127.0.0.1:\(port); root \(folder.path); }
            }
            """
        let file = place.appendingPathComponent("nginx.conf")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        // Its workers are another user's when it is started as root.
        for shared in [place, folder] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: shared.path)
        }
        server = try await Server(
            "/usr/sbin/nginx", ["-c", file.path, "-p", place.path], port: port, path: "/film.mp4")
    }
}
