import Foundation
import Testing

/// A clip on its whole way through the built program: from a creator's file to a range that a viewer plays.
@Suite struct UploadTests {
    enum Bounds {
        static let ready: Duration = .seconds(60)
        /// Fewer than two questions a second: reading has its limit too.
        static let pause: Duration = .milliseconds(700)
    }

    /// Clips that somebody makes ready now.
    static let making = "SELECT count(*) FROM job_runs WHERE queue LIKE '%|tournament.clip.make|%'"

    /// Somebody of the demo with a session.
    private struct Person {
        let cookie: String

        init(_ email: String, on server: Capstan) throws {
            let answer = try server.send(
                .post("/api/session", json: #"{"email":"\#(email)","password":"capstan-demo"}"#))
            guard let cookie = answer.cookie("capstan_session") else {
                throw Broken(.failed, "\(email) could not sign in: \(answer)")
            }
            self.cookie = cookie
        }

        func request(_ method: String, _ path: String, json: String? = nil, body: [UInt8] = []) -> HTTPRequest {
            var headers = [("Cookie", cookie)]
            if json != nil { headers.append(("Content-Type", "application/json")) }
            return HTTPRequest(method, path, headers: headers, body: json.map { Array($0.utf8) } ?? body)
        }
    }

    private struct Opened: Decodable {
        struct Upload: Decodable {
            struct Header: Decodable {
                var name: String
                var value: String
            }

            var url: String
            var isDirect: Bool
            var headers: [Header]
            var arrived: String
        }

        var id: String
        var upload: Upload
    }

    private struct Clip: Decodable {
        var id: String
        var state: String
        var small: String?
        var large: String?
        var poster: String?
        var detail: String?
    }

    private struct Clips: Decodable { var clips: [Clip] }

    private func film(_ arguments: [String], in folder: TemporaryFolder) throws -> [UInt8] {
        let path = folder.path + "/film.mp4"
        try Program.run(["ffmpeg", "-v", "error", "-y"] + arguments + [path])
        return Array(FileManager.default.contents(atPath: path) ?? Data())
    }

    private func own(_ id: String, of creator: Person, on server: Capstan) throws -> Clip? {
        let answer = try server.send(creator.request("GET", "/api/tournament/clips/mine"))
        return try answer.decode(Clips.self).clips.first { $0.id == id }
    }

    private func open(
        _ title: String, _ creator: Person, on server: Capstan, more: String = ""
    ) throws -> Opened {
        let answer = try server.send(
            creator.request(
                "POST", "/api/tournament/clips", json: #"{"title":"\#(title)","genre":"documentary"\#(more)}"#))
        guard answer.status == 201 else { throw Broken(.failed, "no upload was opened: \(answer)") }
        return try answer.decode(Opened.self)
    }

    @Test(arguments: Engine.all)
    func `a creator's film is sent, made ready, approved, seen in the feed and played in parts`(engine: Engine) throws {
        let site = try Site(engine)
        let server = site.server
        try server.start()
        let folder = try TemporaryFolder()
        let bytes = try film(
            [
                "-f", "lavfi", "-i", "testsrc2=s=720x1280:r=30:d=4", "-f", "lavfi", "-i", "sine=d=4", "-c:a", "aac",
                "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-metadata", "title=SecretPlace",
            ], in: folder)
        let creator = try Person("creator@example.com", on: server)
        let moderator = try Person("moderator@example.com", on: server)
        let opened = try open("A film of the system", creator, on: server)
        #expect(try server.send(HTTPRequest("PUT", opened.upload.url, body: bytes)).status == 201)
        #expect(try server.send(HTTPRequest("PUT", opened.upload.url, body: bytes)).status == 409)
        try eventually("the clip to be ready for review", for: Bounds.ready, every: Bounds.pause) {
            try own(opened.id, of: creator, on: server)?.state == "pending"
        }
        let review = "/api/tournament/clips/\(opened.id)/review"
        #expect(try server.send(creator.request("POST", review, json: #"{"verdict":"approve"}"#)).status == 403)
        let approved = try server.send(moderator.request("POST", review, json: #"{"verdict":"approve"}"#))
        #expect(approved.status == 200, "\(approved)")

        // Recent and less seen than the others: soon somebody is shown it.
        try eventually("the clip to be in the feed") {
            try Voter.arrive(try server.connect()).clips.contains(opened.id)
        }
        try eventually("the small film", for: Bounds.ready, every: Bounds.pause) {
            let clip = try own(opened.id, of: creator, on: server)
            return clip?.small != nil && clip?.small != clip?.large
        }
        let clip = try #require(try own(opened.id, of: creator, on: server))
        let small = try #require(clip.small)
        let whole = try server.send(.get(small))
        #expect(whole.status == 200 && whole.body.count > 10_000 && whole.body.count <= 2_000_000)
        #expect(whole.header("cache-control") == "public, max-age=31536000, immutable")
        #expect(!String(decoding: whole.body, as: Unicode.ASCII.self).contains("SecretPlace"))
        let part = try server.send(.get(small, headers: [("Range", "bytes=100-199")]))
        #expect(part.status == 206 && part.body == Array(whole.body[100..<200]))
        #expect(part.header("content-range") == "bytes 100-199/\(whole.body.count)")
        #expect(try server.send(.get(try #require(clip.poster))).header("content-type") == "image/jpeg")
        let page = try server.send(.get("/tournament/clips/\(opened.id)", headers: [("Accept", "text/html")]))
        #expect(page.status == 200 && page.text.contains("A film of the system") && page.text.contains(small))
        #expect(try site.database.number("SELECT count(*) FROM media_tasks WHERE kind <> 'expect'") == 0)
        #expect(try site.database.number("SELECT count(*) FROM audit_entries WHERE action = 'clip.approved'") == 1)
        #expect(try Books.problems(in: site.database) == [])
        #expect(try server.terminate() == 0)
    }

    @Test(arguments: Engine.all)
    func `a server that is killed in the middle of the work goes on with it when it is back`(engine: Engine) throws {
        let site = try Site(engine)
        let server = site.server
        try server.start()
        let folder = try TemporaryFolder()
        let bytes = try film(
            [
                "-f", "lavfi", "-i", "testsrc2=s=1080x1920:r=60:d=8", "-c:v", "libx264", "-preset", "ultrafast",
                "-pix_fmt", "yuv420p",
            ], in: folder)
        let creator = try Person("creator@example.com", on: server)
        let opened = try open("Killed and back", creator, on: server)
        #expect(try server.send(HTTPRequest("PUT", opened.upload.url, body: bytes)).status == 201)
        try eventually("a worker to have taken the task", every: .milliseconds(20)) {
            try site.database.number(Self.making) > 0
        }
        try server.kill()
        #expect(try site.database.number("SELECT count(*) FROM clips WHERE state = 'processing'") == 1)
        try server.start()
        // Seconds later the dead worker's jobs are taken over.
        try eventually("the clip to be ready for review", for: .seconds(120), every: Bounds.pause) {
            try own(opened.id, of: creator, on: server)?.state == "pending"
        }
        #expect(try server.terminate() == 0)
    }

    /// A process that works and does not serve, which is killed at the end at the latest.
    private final class Worker {
        let program: Program

        init(_ site: Site, _ name: String) throws {
            program = try Program(
                [Capstan.binary, "work", "--database", site.database.url, "--data", site.data],
                environment: Demo.environment, log: "\(site.data)/\(name).log")
        }

        deinit {
            program.signal(SIGKILL)
            // A process that was killed ends; how long that takes is no concern of the test.
            _ = try? program.end(within: .seconds(10))
        }
    }

    @Test func `what a server takes in that does not work is done by those that do, although one is killed at it`()
        throws
    {
        let site = try Site(.postgres, options: ["--no-work"])
        let server = site.server
        try server.start()
        let folder = try TemporaryFolder()
        let bytes = try film(
            [
                "-f", "lavfi", "-i", "testsrc2=s=1080x1920:r=60:d=8", "-c:v", "libx264", "-preset", "ultrafast",
                "-pix_fmt", "yuv420p",
            ], in: folder)
        let creator = try Person("creator@example.com", on: server)
        let opened = try open("Made elsewhere", creator, on: server)
        #expect(try server.send(HTTPRequest("PUT", opened.upload.url, body: bytes)).status == 201)
        // Nobody works yet; a slot's time comes, and somebody waits for one that is open already.
        let current = try #require(
            try site.database.rows("SELECT tenant_id, id FROM slots WHERE state = 'voting' ORDER BY id LIMIT 1").first)
        let person = try #require(try site.database.rows("SELECT id FROM people ORDER BY id LIMIT 1").first?.first)
        _ = try site.database.rows(
            """
            INSERT INTO slot_reminders (tenant_id, slot_id, person_id, asked_at)
            SELECT tenant_id, id, '\(person)', now() FROM slots WHERE state = 'voting'
            """)
        #expect(try site.database.number(Self.making) == 0)
        #expect(try own(opened.id, of: creator, on: server)?.state == "processing")
        let first = try Worker(site, "first")
        try eventually("the first worker to make films", for: .seconds(120)) {
            try site.database.number("SELECT count(*) FROM media_tasks WHERE kind = 'render'") > 0
                && site.database.number(Self.making + " AND done >= 1 AND total = 4") > 0
        }
        first.program.signal(SIGKILL)
        _ = try first.program.end(within: .seconds(30))
        #expect(try own(opened.id, of: creator, on: server)?.state == "processing")
        let second = try Worker(site, "second")
        try eventually("the clip to be ready for review", for: .seconds(180), every: Bounds.pause) {
            try own(opened.id, of: creator, on: server)?.state == "pending"
        }
        try eventually("the reminder to be sent", for: .seconds(120)) {
            try site.database.number("SELECT count(*) FROM notifications WHERE kind LIKE '%slotOpens%'") > 0
        }
        _ = try site.database.rows(
            """
            UPDATE slots SET freezes_at = now() - interval '2 seconds', closes_at = now() - interval '1 second',
                due_at = now() WHERE tenant_id = '\(current[0])' AND id = '\(current[1])'
            """)
        try eventually("the slot to be moved on", for: .seconds(60)) {
            try site.database.number(
                """
                SELECT count(*) FROM slots WHERE id = '\(current[1])' AND (state <> 'voting' OR extensions > 0)
                """) == 1
        }
        try eventually("the small film", for: Bounds.ready, every: Bounds.pause) {
            let clip = try own(opened.id, of: creator, on: server)
            return clip?.small != nil && clip?.small != clip?.large
        }
        #expect(try site.database.number("SELECT count(*) FROM media_tasks WHERE kind <> 'expect'") == 0)
        second.program.signal(SIGTERM)
        #expect(try second.program.end(within: .seconds(60)) == 0)
        #expect(try server.terminate() == 0)
    }

    @Test(arguments: Engine.all)
    func `an upload that is cut counts for nothing, and the same address takes it again`(engine: Engine) throws {
        let site = try Site(engine)
        let server = site.server
        try server.start()
        let folder = try TemporaryFolder()
        let bytes = try film(
            ["-f", "lavfi", "-i", "testsrc2=s=180x320:r=24:d=12", "-c:v", "libx264", "-preset", "ultrafast"],
            in: folder)
        let creator = try Person("creator@example.com", on: server)
        let opened = try open("Cut", creator, on: server)
        for part in [1, bytes.count / 3, bytes.count - 1] {
            let connection = try server.connect()
            let head = "PUT \(opened.upload.url) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(bytes.count)\r\n\r\n"
            try connection.write(Array(head.utf8) + bytes.prefix(part))
        }
        #expect(try own(opened.id, of: creator, on: server)?.state == "uploading")
        #expect(try server.send(HTTPRequest("PUT", opened.upload.url, body: bytes)).status == 201)
        try eventually("the clip to be refused", for: Bounds.ready, every: Bounds.pause) {
            try own(opened.id, of: creator, on: server)?.state == "rejected"
        }
        // Twelve seconds are measured, and told.
        let detail = try #require(try own(opened.id, of: creator, on: server)?.detail)
        #expect(detail.contains("longer than 8.5 seconds") && detail.contains("12.0 seconds"), "\(detail)")
        #expect(try server.terminate() == 0)
    }

    /// A bucket that nobody else uses, and what a server is told of it.
    private func bucket() throws -> (port: UInt16, name: String, settings: [String: String]) {
        let text = try #require(
            ProcessInfo.processInfo.environment["CAPSTAN_TEST_S3"],
            "this test needs an S3 server: Scripts/servers swift test --filter SystemTests")
        let port = try #require(URLComponents(string: text)?.port.flatMap { UInt16(exactly: $0) })
        let name = "b-\(try HTTPConnection.freePort())-\(ProcessInfo.processInfo.processIdentifier)"
        #expect(try HTTPConnection(port: port).send(HTTPRequest("PUT", "/\(name)")).status == 200)
        return (
            port, name,
            [
                "CAPSTAN_BLOBS_URL": "s3://\(name)?endpoint=\(text)", "CAPSTAN_BLOBS_KEY": "AKIAEXAMPLE",
                "CAPSTAN_BLOBS_SECRET": "secret", "CAPSTAN_OUTBOUND_ALLOW": "127.0.0.1",
                "CAPSTAN_BLOBS_PUBLIC": "https://cdn.example.com/",
            ]
        )
    }

    /// The path and query of an address at another server.
    private func target(_ url: String) throws -> String {
        let parts = try #require(URLComponents(string: url))
        return parts.percentEncodedPath + "?" + (parts.percentEncodedQuery ?? "")
    }

    @Test(arguments: Engine.all)
    func `with an S3 store the bytes go to the bucket itself, once, and are played through the network's address`(
        engine: Engine
    ) throws {
        let (port, _, settings) = try bucket()
        let site = try Site(engine, environment: settings)
        let server = site.server
        try server.start()
        let folder = try TemporaryFolder()
        let bytes = try film(
            [
                "-f", "lavfi", "-i", "testsrc2=s=360x640:r=24:d=3", "-c:v", "libx264", "-preset", "ultrafast",
                "-pix_fmt", "yuv420p",
            ], in: folder)
        let hash = try Program.run(["sha256sum", folder.path + "/film.mp4"]).prefix(64)
        let creator = try Person("creator@example.com", on: server)
        let moderator = try Person("moderator@example.com", on: server)
        let opened = try open(
            "Straight to the bucket", creator, on: server, more: #","bytes":\#(bytes.count),"sha256":"\#(hash)""#)
        #expect(opened.upload.isDirect && opened.upload.url.hasPrefix("http://127.0.0.1:\(port)/"))
        // Before the bytes have come, nothing is believed.
        let early = try server.send(creator.request("POST", opened.upload.arrived))
        #expect(early.status == 409 && early.text.contains("tournament.uploadMissing"))
        let put = HTTPRequest(
            "PUT", try target(opened.upload.url), headers: opened.upload.headers.map { ($0.name, $0.value) },
            body: bytes)
        #expect(try HTTPConnection(port: port).send(put).status == 200)
        #expect(try HTTPConnection(port: port).send(put).status == 412)
        #expect(try server.send(creator.request("POST", opened.upload.arrived)).status == 200)
        #expect(try server.send(creator.request("POST", opened.upload.arrived)).status == 409)
        try eventually("the clip to be ready for review", for: Bounds.ready, every: Bounds.pause) {
            try own(opened.id, of: creator, on: server)?.state == "pending"
        }
        let review = "/api/tournament/clips/\(opened.id)/review"
        // Who reviews it looks at it here: a network that keeps things is not given what nobody has approved.
        #expect(try own(opened.id, of: creator, on: server)?.poster?.hasPrefix("/tournament/files/") == true)
        #expect(try server.send(moderator.request("POST", review, json: #"{"verdict":"approve"}"#)).status == 200)
        try eventually("the small film", for: Bounds.ready, every: Bounds.pause) {
            let clip = try own(opened.id, of: creator, on: server)
            return clip?.small != nil && clip?.small != clip?.large
        }
        let small = try #require(try own(opened.id, of: creator, on: server)?.small)
        #expect(small.hasPrefix("https://cdn.example.com/tournament/files/"))
        // As the network would ask for it.
        let path = String(small.dropFirst("https://cdn.example.com".count))
        let whole = try server.send(.get(path))
        #expect(whole.status == 200 && whole.header("cache-control") == "public, max-age=31536000, immutable")
        let part = try server.send(.get(path, headers: [("Range", "bytes=100-199")]))
        #expect(part.status == 206 && part.body == Array(whole.body[100..<200]))
        let page = try server.send(.get("/tournament/clips/\(opened.id)", headers: [("Accept", "text/html")]))
        #expect(page.text.contains(small))
        let policy = try #require(page.header("content-security-policy"))
        #expect(policy.contains("media-src 'self' blob: https://cdn.example.com;"))
        #expect(policy.contains("img-src 'self' data: blob: https://cdn.example.com;"))
        #expect(policy.contains("connect-src 'self' http://127.0.0.1:\(port);"))
        #expect(try site.database.number("SELECT count(*) FROM media_tasks WHERE kind <> 'expect'") == 0)
        #expect(try server.terminate() == 0)
    }

    @Test func `what is no clip's size, or was stored past the address, is deleted before anybody looks into it`()
        throws
    {
        let (port, name, settings) = try bucket()
        let site = try Site(.sqlite, environment: settings)
        let server = site.server
        try server.start()
        let creator = try Person("creator@example.com", on: server)
        let hash = String(repeating: "0", count: 64)
        let opened = try open("Too large", creator, on: server, more: #","bytes":10,"sha256":"\#(hash)""#)
        // A store that enforced nothing, as the one of the tests, has what was never signed for.
        let large = HTTPRequest(
            "PUT", try target(opened.upload.url),
            headers: opened.upload.headers.filter {
                $0.name != "x-amz-checksum-sha256"
            }.map { ($0.name, $0.value) }, body: [UInt8](repeating: 1, count: 52_428_801))
        #expect(try HTTPConnection(port: port).send(large).status == 200)
        let refused = try server.send(creator.request("POST", opened.upload.arrived))
        #expect(refused.status == 422 && refused.text.contains("tournament.clipInvalid"))
        let listed = try HTTPConnection(port: port).send(.get("/\(name)?list-type=2"))
        #expect(listed.status == 200 && !listed.text.contains(opened.id))
        #expect(try own(opened.id, of: creator, on: server)?.state == "uploading")
        #expect(try server.terminate() == 0)
    }
}
