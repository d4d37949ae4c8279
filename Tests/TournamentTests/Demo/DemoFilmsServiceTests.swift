import Base
import BaseTestKit
import Blobs
import Foundation
import NIOCore
import Programs
import Telemetry
import Testing

@testable import Tournament

@Suite struct DemoFilmsServiceTests {
    private let tenant = Tenant(ID(high: 1, low: 1))

    /// Runs `body` beside a service that draws into a folder of its own.
    private func withFilms(
        _ numbers: [Int], program: String = "ffmpeg",
        _ body: (DemoFilmsService, any BlobStore) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "films-\(ID<DemoFilmsService>(at: SystemClock().now(), using: SystemRandomness()))")
        defer { try? FileManager.default.removeItem(at: folder) }  // Litter in /tmp fails no test.
        let store = try await DiskBlobs(
            root: folder.appending(path: "blobs").path, clock: SimClock(), randomness: SeededRandomness(seed: 1),
            events: .silent())
        let films = DemoFilmsService(
            films: numbers.map { (tenant, $0) }, blobs: store, folder: folder.appending(path: "work"),
            program: BoundedProgram(name: program, clock: SystemClock()))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await films.run() }
            try await body(films, store)
            group.cancelAll()
        }
    }

    @Test func `a film that is asked for is drawn once and kept`() async throws {
        try await withFilms([]) { films, store in
            async let first = films.film(3, for: tenant)
            async let second = films.film(3, for: tenant)
            guard case .ready(let key) = try await first, case .ready = try await second else {
                Issue.record("the film was not drawn")
                return
            }
            let info = try #require(try await store.head(key, for: tenant))
            #expect((300_000...900_000).contains(info.size.bytes))
            #expect(info.contentType == "video/mp4")
            let film = try #require(try await store.get(key, for: tenant)?.collect(sizeMax: .mebibytes(1)))
            // Fast start: the index stands before the frames.
            let text = String(decoding: film.readableBytesView, as: Unicode.ASCII.self)
            let (index, frames) = (try #require(text.range(of: "moov")), try #require(text.range(of: "mdat")))
            #expect(index.lowerBound < frames.lowerBound)
        }
    }

    @Test func `without ffmpeg a film is unavailable and nothing waits for ever`() async throws {
        try await withFilms([], program: "no-such-program-as-this") { films, _ in
            guard case .unavailable = try await films.film(4, for: tenant) else {
                Issue.record("a film came from a program that does not exist")
                return
            }
        }
    }

    @Test func `films of the list are drawn without being asked for`() async throws {
        try await withFilms([8, 9]) { films, store in
            // 9 is asked for while 8 is being drawn; both are there when 9 is.
            guard case .ready = try await films.film(9, for: tenant) else {
                Issue.record("the film was not drawn")
                return
            }
            guard case .ready = try await films.film(8, for: tenant) else {
                Issue.record("the film was not drawn")
                return
            }
        }
    }
}
