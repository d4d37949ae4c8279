import Base
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

/// Clips that are not what they say, through the whole way: upload, probe, verdict.
@Suite(.databases) struct LyingClipTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let name: String
        let fault: ClipFault?
        let bytes: @Sendable () async throws -> [UInt8]

        init(_ name: String, _ fault: ClipFault?, _ bytes: @escaping @Sendable () async throws -> [UInt8]) {
            self.name = name
            self.fault = fault
            self.bytes = bytes
        }

        var testDescription: String { name }
    }

    /// A header that says a second, on a film of twelve.
    private static func shortHeader() async throws -> [UInt8] {
        var film = try await TestFilm.film(12)
        let scale = TestFilm.number(film, "mvhd", at: 16)
        film = TestFilm.patched(film, "mvhd", at: 20, to: scale)
        film = TestFilm.patched(film, "tkhd", at: 24, to: scale)
        film = TestFilm.patched(film, "elst", at: 12, to: scale)
        return TestFilm.patched(film, "mdhd", at: 20, to: TestFilm.number(film, "mdhd", at: 16))
    }

    static let lies: [Lie] = [
        Lie("no bytes", .empty) { [] },
        Lie("a text", .container) { Array(String(repeating: "this is no film ", count: 100).utf8) },
        Lie("a playlist", .container) { Array("#EXTM3U\n#EXTINF:8,\nfile:///etc/passwd\n".utf8) },
        Lie("a list of files", .container) { Array("ffconcat version 1.0\nfile /etc/passwd\n".utf8) },
        Lie("a picture", .container) {
            try await TestFilm.make(TestFilm.picture(1) + ["-frames:v", "1"], ending: "png")
        },
        Lie("sound alone", .noPicture) {
            try await TestFilm.make(["-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac"], ending: "mp4")
        },
        Lie("an index that stands last", nil) { try await TestFilm.short() },
        Lie("an index that stands first", nil) { try await TestFilm.film(1, ["-movflags", "+faststart"]) },
        Lie("a header with 64-bit times", nil) { TestFilm.withWideHeader(try await TestFilm.short()) },
        Lie("a time scale of zero in the header", nil) {
            TestFilm.patched(try await TestFilm.short(), "mvhd", at: 16, to: 0)
        },
        Lie("a time scale of zero in the track", .tooLong) {
            TestFilm.patched(try await TestFilm.film(2), "mdhd", at: 16, to: 0)
        },
        Lie("a header of one second on twelve", .tooLong) { try await shortHeader() },
        Lie("twelve seconds in fragments", .tooLong) {
            try await TestFilm.film(12, ["-movflags", "frag_keyframe+empty_moov"])
        },
        Lie("two seconds in fragments", nil) {
            try await TestFilm.film(2, ["-movflags", "frag_keyframe+empty_moov"])
        },
        Lie("cut off before the index", .unreadable) {
            let film = try await TestFilm.film(2)
            return Array(film.prefix(film.count / 2))
        },
        Lie("cut off behind the index", .unreadable) {
            let film = try await TestFilm.film(2, ["-movflags", "+faststart"])
            return Array(film.prefix(film.count / 2))
        },
        Lie("a codec of long ago", .codec) {
            try await TestFilm.make(TestFilm.picture(1) + ["-c:v", "mpeg4"], ending: "mp4")
        },
        Lie("a tiny picture", .dimensions) { try await TestFilm.make(TestFilm.picture(1, "32x32") + TestFilm.h264) },
        Lie("a blink", .tooShort) { try await TestFilm.film(0.2) },
        Lie("WebM", nil) {
            try await TestFilm.make(
                TestFilm.picture(1) + ["-c:v", "libvpx", "-b:v", "200k", "-deadline", "realtime"], ending: "webm")
        },
        Lie("Matroska", .container) { try await TestFilm.make(TestFilm.picture(1) + TestFilm.h264, ending: "mkv") },
        Lie("QuickTime with sound", nil) {
            try await TestFilm.make(
                TestFilm.picture(1) + ["-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"] + TestFilm.h264, ending: "mov")
        },
    ]

    @Test(arguments: lies)
    func `what a file says of itself is no evidence`(lie: Lie) async throws {
        try await Atelier.with(.sqlite) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let id = try await atelier.upload(try await lie.bytes(), by: maker)
            try await atelier.work()
            let entry = try await atelier.entry(id)
            #expect(entry.fault == lie.fault)
            let state = try await atelier.clip(id).state
            #expect(state == (lie.fault == nil ? .pending : .rejected))
            if let fault = lie.fault {
                // Its maker reads why; the bytes are gone, and the place is free.
                let mine = try await atelier.site.get("/api/tournament/clips/mine", headers: [maker.session])
                #expect(mine.text.contains("\"fault\":\"\(fault.rawValue)\""))
                let page = try await atelier.site.get("/tournament/upload/mine", headers: [maker.session])
                #expect(page.text.contains("rejected") && page.text.contains("Replace"))
                #expect(entry.place == nil)
                #expect(try await atelier.objects().isEmpty)
            }
        }
    }

    @Test func `a film cut at any byte is refused or is whole enough to play, and never hurts`() async throws {
        let film = try await TestFilm.film(1, ["-movflags", "+faststart"])
        try await Atelier.with(.sqlite) { atelier in
            let steps = atelier.studio.media.steps
            let folder = atelier.folder.appending(path: "cuts", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for part in 1..<24 {
                let count = film.count * part / 24
                try Data(film.prefix(count)).write(to: folder.appending(path: "source"))
                let source = MediaSteps.Source(
                    name: "source", bytes: count, container: ClipContainer(head: film.prefix(64)))
                switch try await steps.examine(source, in: folder) {
                case .success(let finding): #expect(finding.frames >= 20, "cut at byte \(count)")
                case .failure(let refusal): #expect(refusal.fault == .unreadable, "cut at byte \(count)")
                }
            }
        }
    }
}
