import Base
import BaseTestKit
import Blobs
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct MediaJobsTests {
    private func tasks(_ atelier: Atelier) async throws -> Int {
        try await atelier.number(
            "test.tasks", "SELECT count(*) FROM media_tasks WHERE tenant_id = \(atelier.tenant)")
    }

    @Test(arguments: Backend.all)
    func `an upload becomes two films and a still, small, ready to start, and without sound or dates`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let film = try await TestFilm.make(
                TestFilm.picture(2, "1080x1920", rate: 60) + ["-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac"]
                    + TestFilm.h264 + ["-metadata", "title=SecretPlace", "-metadata", "location=+48.1+11.5/"])
            let id = try await atelier.pending(by: maker, film: film)
            let clip = try await atelier.clip(id)
            #expect((1_900...2_100).contains(clip.milliseconds) && clip.bytes > 0)
            let (large, small) = (try #require(clip.files.large), try #require(clip.files.small))
            let poster = try #require(clip.files.poster)
            #expect(Set([large, small, poster]).count == 3)
            for (address, side, bound) in [(large, 720, 5_000_000), (small, 480, 2_000_000)] {
                let answer = try await atelier.site.get(address)
                #expect(answer.status == 200 && answer["content-type"] == "video/mp4")
                #expect(answer["cache-control"] == "public, max-age=31536000, immutable")
                #expect(answer.body.count <= bound && answer.body.count > 10_000)
                let text = String(decoding: answer.body, as: Unicode.ASCII.self)
                #expect(!text.contains("SecretPlace") && !text.contains("+48.1"))
                let (index, frames) = (try #require(text.range(of: "moov")), try #require(text.range(of: "mdat")))
                #expect(index.lowerBound < frames.lowerBound)
                #expect(text.components(separatedBy: "trak").count == 2, "one track: no sound")
                let found = try await measured(answer.body, atelier)
                #expect(min(found.width, found.height) == side && abs(found.milliseconds - 2_000) < 150)
                #expect(found.frames <= 62)
            }
            let still = try await atelier.site.get(poster)
            #expect(still["content-type"] == "image/jpeg" && still.body.starts(with: [0xFF, 0xD8]))
            // The upload itself is gone, and so is the work.
            #expect(try await atelier.objects().allSatisfy { $0.hasPrefix("tournament/files/") })
            #expect(try await tasks(atelier) == 0)
            let counted = atelier.metrics.prometheusText()
            for kind in ["probe", "render"] {
                #expect(counted.contains("capstan_tournament_media_tasks_total{kind=\"\(kind)\",outcome=\"done\"} 1"))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: atelier.folder.path + "/work").isEmpty)
        }
    }

    private func measured(_ bytes: [UInt8], _ atelier: Atelier) async throws -> ClipFinding {
        let folder = atelier.folder.appending(path: "look", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: folder.appending(path: "film"))
        let source = MediaSteps.Source(name: "film", bytes: bytes.count, container: ClipContainer(head: bytes))
        return try await atelier.studio.media.steps.examine(source, in: folder).get()
    }

    @Test func `noise that no even quality can press is pressed by a lower rate`() async throws {
        try await Atelier.with(.sqlite) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let noise = try await TestFilm.make(
                ["-f", "lavfi", "-i", "nullsrc=s=480x854:r=30:d=8,geq=random(1)*255:128:128"] + TestFilm.h264
                    + ["-crf", "30"])
            #expect(noise.count > 20_000_000 && noise.count < UploadRules.bytesMax)
            let id = try await atelier.pending(by: maker, film: noise)
            let clip = try await atelier.clip(id)
            for (address, bound) in [(clip.files.large, 5_000_000), (clip.files.small, 2_000_000)] {
                let answer = try await atelier.site.request("HEAD", try #require(address))
                let size = try #require(answer["content-length"].flatMap { Int($0) })
                #expect(size <= bound && size > bound / 3, "\(size)")
            }
        }
    }

    // MARK: Workers

    /// A program that would run for an hour, and says that it does.
    private func withSlowProgram(
        _ body: (_ path: String, _ hasBegun: @escaping @Sendable () -> Bool) async throws -> Void
    )
        async throws
    {
        let slow = FileManager.default.temporaryDirectory.appending(
            path: "slow-\(ID<Clip>(at: SystemClock().now(), using: SystemRandomness()))")
        let mark = slow.path + ".begun"
        try Data("#!/bin/sh\ntouch \(mark)\nexec sleep 3600\n".utf8).write(to: slow)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: slow.path)
        defer {
            // Litter in /tmp fails no test.
            try? FileManager.default.removeItem(at: slow)
            // The same.
            try? FileManager.default.removeItem(atPath: mark)
        }
        try await body(slow.path) { FileManager.default.fileExists(atPath: mark) }
    }

    @Test(arguments: Backend.all)
    func `what is uploaded is begun at once, while the clock stands still`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let film = try await TestFilm.short()
            try await atelier.working {
                let id = try await atelier.upload(film, by: maker)
                try await atelier.patiently("the clip to be ready") { try await atelier.clip(id).state == .pending }
            }
        }
    }

    @Test(arguments: Backend.all)
    func `the work of a worker that died is taken over, and goes on behind the first film where that was made`(
        backend: Backend
    ) async throws {
        try await withSlowProgram { slow, hasBegun in
            try await Atelier.with(backend, ffmpeg: slow) { atelier in
                _ = try await atelier.stage.openSeason()
                let maker = try await atelier.someone("Maker")
                let (first, second) = (
                    try await atelier.upload(try await TestFilm.short(), by: maker),
                    try await atelier.upload(try await TestFilm.short(), by: maker)
                )
                try await atelier.working(crashing: true) {
                    try await atelier.patiently("the program to run") { hasBegun() }
                    try await atelier.patiently("both to be measured") {
                        try await atelier.number(
                            "test.measured",
                            "SELECT count(*) FROM media_tasks WHERE tenant_id = \(atelier.tenant) AND kind = 'render'")
                            == 2
                    }
                }
                // As far as a worker came that wrote the first film and was killed.
                let name = "0000.mp4"
                let files = Clip.Files(
                    poster: MediaRoutes.address(of: "0000.jpg"), small: MediaRoutes.address(of: name),
                    large: MediaRoutes.address(of: name))
                try await atelier.stage.storage.write(for: atelier.tenant) { transaction in
                    try await atelier.clips.setFiles(
                        files, milliseconds: 1_000, bytes: 9, of: second, through: transaction, in: atelier.tenant)
                    _ = try await atelier.clips.move(
                        second, by: .rendered, to: .pending, through: transaction, in: atelier.tenant)
                }
                // Another one sees that the dead one's signs of life have ceased.
                let clock = atelier.stage.clock
                try await atelier.work(by: try atelier.otherNode()) {
                    if try await atelier.number("test.workers", "SELECT count(*) FROM job_workers") > 1 {
                        clock.advance(by: .seconds(1))
                    }
                }
                #expect(try await atelier.clip(first).state == .pending)
                #expect(try await atelier.entry(first).fault == nil)
                let clip = try await atelier.clip(second)
                #expect(clip.files.large == files.large && clip.files.small != files.small && clip.state == .pending)
                #expect(try await tasks(atelier) == 0)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a process that stops ends its program and gives the job back, as if it had not been taken`(
        backend: Backend
    ) async throws {
        try await withSlowProgram { slow, hasBegun in
            try await Atelier.with(backend, ffmpeg: slow) { atelier in
                _ = try await atelier.stage.openSeason()
                let maker = try await atelier.someone("Maker")
                let id = try await atelier.upload(try await TestFilm.short(), by: maker)
                try await atelier.working { try await atelier.patiently("the program to run") { hasBegun() } }
                let given = try await atelier.number(
                    "test.given",
                    """
                    SELECT attempts FROM job_queue
                    WHERE tenant_id = \(atelier.tenant) AND queue LIKE '%|tournament.clip.make|%'
                    """)
                #expect(given == 0)
                try await atelier.work(by: try atelier.otherNode())
                #expect(try await atelier.clip(id).state == .pending)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `work that an earlier version has planned is given its job`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let id = try await atelier.upload(try await TestFilm.short(), by: maker)
            try await atelier.stage.storage.writer(for: atelier.tenant).execute(
                "test.orphan", "UPDATE media_tasks SET job_id = NULL WHERE tenant_id = \(atelier.tenant)")
            try await atelier.work()
            #expect(try await atelier.clip(id).state == .processing)
            try await atelier.studio.media.adopt()
            try await atelier.work()
            #expect(try await atelier.clip(id).state == .pending)
        }
    }

    @Test(arguments: Backend.all)
    func `work that fails three times sends the clip back, and its reason is kept`(backend: Backend) async throws {
        let broken = FileManager.default.temporaryDirectory.appending(
            path: "broken-\(ID<Clip>(at: SystemClock().now(), using: SystemRandomness()))")
        try Data("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n".utf8).write(to: broken)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: broken.path)
        defer { try? FileManager.default.removeItem(at: broken) }  // Litter in /tmp fails no test.
        try await Atelier.with(backend, ffmpeg: broken.path) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let id = try await atelier.upload(try await TestFilm.short(), by: maker)
            try await atelier.work()
            #expect(try await atelier.clip(id).state == .processing)
            for attempt in 1...2 {
                // Not before its pause is over.
                #expect(try await atelier.due() == 0)
                atelier.stage.clock.advance(by: MediaTask.Rules.pause(after: attempt))
                try await atelier.work()
            }
            #expect(try await atelier.clip(id).state == .rejected)
            let entry = try await atelier.entry(id)
            #expect(entry.fault == .failed && entry.place == nil)
            let reason = try await atelier.stage.storage.reader(for: atelier.tenant).one(
                ReasonRow.self, "test.failure",
                "SELECT reason FROM job_failures WHERE tenant_id = \(atelier.tenant)")
            #expect(reason.text.contains("no such luck") && reason.text.contains("3"))
            #expect(try await tasks(atelier) == 0)
            #expect(try await atelier.objects().isEmpty)
        }
    }

    private struct ReasonRow: RowDecodable {
        let text: String

        init(row: SQLRow) throws(StorageError) { text = try row.value(at: 0) }
    }

    @Test(arguments: Backend.all)
    func `a missing program is nobody's failure: the clip waits until it is there`(backend: Backend) async throws {
        try await Atelier.with(backend, ffmpeg: "no-such-program-as-this") { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let id = try await atelier.upload(try await TestFilm.short(), by: maker)
            for _ in 0..<5 {
                try await atelier.work()
                #expect(try await atelier.clip(id).state == .processing)
                atelier.stage.clock.advance(by: MediaTask.Rules.awayFor + .seconds(1))
            }
            try await atelier.work(by: try atelier.otherNode())
            #expect(try await atelier.clip(id).state == .pending)
        }
    }

    // MARK: Giving up

    @Test(arguments: Backend.all)
    func `a clip that is taken back while it is made ready ends the program and leaves no file`(backend: Backend)
        async throws
    {
        try await withSlowProgram { slow, hasBegun in
            try await Atelier.with(backend, ffmpeg: slow) { atelier in
                _ = try await atelier.stage.openSeason()
                let maker = try await atelier.someone("Maker")
                let id = try await atelier.upload(try await TestFilm.short(), by: maker)
                try await atelier.working {
                    try await atelier.patiently("the program to run") { hasBegun() }
                    let gone = try await atelier.site.request(
                        "DELETE", "/api/tournament/clips/\(id)", headers: [maker.session])
                    #expect(gone.status == 204)
                    // The work ends by itself now, an hour before its program would.
                    try await atelier.patiently("the work to end") { try await atelier.due() == 0 }
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: atelier.folder.path + "/work").isEmpty)
                #expect(try await atelier.clip(id).state == .removed)
                #expect(try await atelier.objects().isEmpty)
                #expect(try await tasks(atelier) == 0)
            }
        }
    }

    // MARK: Files of several clips

    @Test(arguments: Backend.all)
    func `two clips of the same bytes share their files, which go with the last of them`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let (one, two) = (try await atelier.someone("One"), try await atelier.someone("Two"))
            let first = try await atelier.pending(by: one)
            let objects = try await atelier.objects()
            let second = try await atelier.pending(by: two)
            #expect(try await atelier.objects() == objects)
            #expect(try await atelier.clip(first).files == (try await atelier.clip(second).files))
            let film = try #require(try await atelier.clip(second).files.large)
            for (maker, clip, rest) in [(one, first, objects), (two, second, [])] {
                let gone = try await atelier.site.request(
                    "DELETE", "/api/tournament/clips/\(clip)", headers: [maker.session])
                #expect(gone.status == 204)
                try await atelier.work()
                #expect(try await atelier.objects() == rest)
                #expect(try await atelier.site.get(film).status == (rest.isEmpty ? 404 : 200))
            }
            #expect(
                try await atelier.number(
                    "test.files", "SELECT count(*) FROM media_files WHERE tenant_id = \(atelier.tenant)") == 0)
            // The same bytes once more are files once more.
            let third = try await atelier.pending(by: one)
            #expect(try await atelier.site.get(try #require(try await atelier.clip(third).files.large)).status == 200)
        }
    }

    @Test func `pauses grow and stay bounded`() {
        #expect((1...4).map { MediaTask.Rules.pause(after: $0) } == [10, 20, 40, 80].map { .seconds($0) })
        #expect(MediaTask.Rules.pause(after: 1_000) == .seconds(640))
    }
}
