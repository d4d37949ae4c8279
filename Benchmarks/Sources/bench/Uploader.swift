import Foundation

/// A creator of the demo who enters a clip, as a browser does.
struct Uploader {
    private let capstan: Capstan
    private let folder: URL

    init(_ capstan: Capstan) throws {
        self.capstan = capstan
        folder = try Command.temporaryFolder()
        try curl(
            "POST", "/api/session", json: #"{"email":"creator@example.com","password":"capstan-demo"}"#,
            more: ["-c", cookies])
    }

    private var cookies: String { folder.appendingPathComponent("cookies").path }

    /// Enters a clip and returns the address of its film once that is made.
    func film() async throws -> String {
        let source = folder.appendingPathComponent("source.mp4").path
        // Noise, so that the film is as large as films are.
        try Command.run(
            "ffmpeg",
            [
                "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=720x1280:r=30:d=8", "-vf", "noise=alls=30:allf=t",
                "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p", source,
            ])
        let opened = try object(
            curl("POST", "/api/tournament/clips", json: #"{"title":"A film to measure","genre":"documentary"}"#))
        guard let id = opened["id"] as? String, let upload = (opened["upload"] as? [String: Any])?["url"] as? String
        else { throw Impossible("no upload was opened: \(opened)") }
        try curl("PUT", upload, more: ["--data-binary", "@\(source)"])
        for _ in 0..<240 {
            let mine = try object(curl("GET", "/api/tournament/clips/mine"))
            let clip = (mine["clips"] as? [[String: Any]])?.first { $0["id"] as? String == id }
            if let large = clip?["large"] as? String, let small = clip?["small"] as? String, large != small {
                return large
            }
            try await Task.sleep(for: .seconds(1))
        }
        throw Impossible("the clip was not made ready: see \(capstan.server.log.path)")
    }

    @discardableResult
    private func curl(_ method: String, _ path: String, json: String? = nil, more: [String] = []) throws -> String {
        var arguments = ["-sf", "-X", method, "-b", cookies]
        if let json { arguments += ["-H", "Content-Type: application/json", "-d", json] }
        return try Command.run("curl", arguments + more + [path.hasPrefix("/") ? capstan.server.address + path : path])
    }

    private func object(_ text: String) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw Impossible("no JSON object: \(text.prefix(200))")
        }
        return object
    }
}
