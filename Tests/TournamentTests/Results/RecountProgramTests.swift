import Base
import BaseTestKit
import Foundation
import Programs
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

/// The program that anybody may download, against results that the product publishes.
@Suite(.databases) struct RecountProgramTests {
    private static let program = TournamentPages.bundle.folder.appending(path: "assets/recount.py")

    private struct Output {
        let status: Int32
        let text: String
    }

    private static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "capstan-recount-\(ID<Slot>(at: SystemClock().now(), using: SystemRandomness()))",
            directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func run(_ arguments: [String], in folder: URL) async throws -> Output {
        let program = BoundedProgram(name: "python3", clock: SystemClock())
        let bounds = BoundedProgram.Bounds(deadline: .seconds(60), processorSeconds: 60, outputBytes: 1 << 20)
        var end: (status: Int32, said: String) = (0, "")
        do {
            try await program.run([Self.program.path] + arguments, in: folder, within: bounds, output: "printed.txt")
        } catch BoundedProgram.Failure.failed(let status, let said) {
            end = (status, said)
        }
        let printed = try String(contentsOf: folder.appending(path: "printed.txt"), encoding: .utf8)
        return Output(status: end.status, text: printed + end.said)
    }

    /// Counts a slot with the program; `change` tampers with the ballots or the result on their way.
    private func recount(
        _ slot: ID<Slot>, _ site: TestSite, in folder: URL, result change: (String) -> String = { $0 },
        ballots tamper: (String) -> String = { $0 }
    ) async throws -> Output {
        let path = "/api/tournament/slots/\(slot)"
        let result = try await site.get(path + "/results")
        let ballots = try await site.get(path + "/ballots")
        let files = ["result.json", "ballots.csv"].map { folder.appending(path: $0) }
        try Data(change(result.text).utf8).write(to: files[0])
        try Data(tamper(ballots.text).utf8).write(to: files[1])
        return try await run(files.map(\.path), in: folder)
    }

    @Test func `the demo's slots, with the tie and the removals, count the same; a tampered ballot does not`()
        async throws
    {
        let folder = try Self.folder()
        // What is left in the temporary folder does no harm.
        defer { try? FileManager.default.removeItem(at: folder) }
        try await Stage.with(.sqlite) { stage in
            let demo = DemoSeason(.lighthouse, in: stage.tenant, at: stage.clock.now())
            try await DemoFilling(storage: stage.storage, clock: stage.clock, lane: 0).fill(stage.tenant, with: demo)
            let site = try await stage.site()
            for scene in demo.scenes where scene.slot.state == .locked {
                let output = try await recount(scene.slot.id, site, in: folder)
                #expect(output.status == 0, "slot \(scene.slot.position): \(output.text)")
                #expect(output.text.contains("The same: winner"))
                if scene.slot.position == 9 { #expect(output.text.contains("312 removed")) }
            }
            let slot = demo.scenes[8].slot.id
            // One removed vote that is made to count, one weight that is raised, one line that is missing.
            for (tamper, reason) in [
                ({ (text: String) in text.replacingOccurrences(of: ",removed\r\n", with: ",counted\r\n") }, "digest"),
                ({ (text: String) in text.replacingOccurrences(of: ",super,3,", with: ",super,4,") }, "score of"),
                (
                    { (text: String) in
                        var lines = text.components(separatedBy: "\r\n")
                        lines.remove(at: 5)
                        return lines.joined(separator: "\r\n")
                    }, "ballots"
                ),
                ({ (text: String) in String(text.prefix(text.utf8.count / 2)) }, "cut off"),
            ] {
                let output = try await recount(slot, site, in: folder, ballots: tamper)
                #expect(output.status == 1, "\(reason)")
                #expect(output.text.contains("NOT THE SAME") && output.text.contains(reason), "\(output.text)")
            }
            // A result that names another winner is found, although all ballots are right.
            let tie = demo.scenes[6]
            let standings = try await stage.house.results.result(of: tie.slot.id, in: stage.tenant)?.winner.standings
            let places = try #require(standings)
            #expect(places[0].score == places[1].score)
            let swapped = try await recount(
                tie.slot.id, site, in: folder,
                result: {
                    $0.replacing(
                        "\"clipId\":\"\(places[0].clipID)\",\"decidedAt\"",
                        with: "\"clipId\":\"\(places[1].clipID)\",\"decidedAt\"")
                })
            #expect(swapped.status == 1)
            #expect(swapped.text.contains("winner"), "\(swapped.text)")
        }
    }

    @Test func `the program says how it is used`() async throws {
        let folder = try Self.folder()
        // What is left in the temporary folder does no harm.
        defer { try? FileManager.default.removeItem(at: folder) }
        let output = try await run([], in: folder)
        #expect(output.status == 2)
        #expect(output.text.contains("recount.py https://HOST/api/tournament/slots/SLOT"))
        #expect(try await run(["/nowhere/result.json", "/nowhere/ballots.csv"], in: folder).status == 1)
    }
}
