import Base
import Foundation
import Programs
import Testing

@Suite struct BoundedProgramTests {
    private let clock = SystemClock()

    private func program(_ name: String) -> BoundedProgram { BoundedProgram(name: name, clock: clock) }

    private func within(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "bounds-\(ID<BoundedProgram>(at: clock.now(), using: SystemRandomness()))",
            directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // Litter in /tmp fails no test.
        try await body(folder)
    }

    private let bounds = BoundedProgram.Bounds(deadline: .seconds(60), processorSeconds: 1, outputBytes: 4_096)

    @Test func `a program is killed at its deadline`() async throws {
        try await within { folder in
            var bounds = bounds
            bounds.deadline = .milliseconds(200)
            await #expect(throws: BoundedProgram.Failure.tooSlow) {
                try await program("sleep").run(["60"], in: folder, within: bounds)
            }
        }
    }

    @Test func `an endless file stops at its bound, and an endless loop at its second of a processor`() async throws {
        try await within { folder in
            await #expect(throws: BoundedProgram.Failure.self) {
                try await program("dd").run(["if=/dev/zero", "of=endless", "bs=1024"], in: folder, within: bounds)
            }
            let facts = try FileManager.default.attributesOfItem(atPath: folder.appending(path: "endless").path)
            #expect((facts[.size] as? Int ?? .max) <= 4_096)
            await #expect(throws: BoundedProgram.Failure.self) {
                try await program("sha256sum").run(["/dev/zero"], in: folder, within: bounds)
            }
        }
    }

    @Test func `a program is told nothing of this process's surroundings`() async throws {
        setenv("CAPSTAN_TEST_SURROUNDINGS", "secret", 1)
        try await within { folder in
            try await program("env").run([], in: folder, within: bounds, output: "seen.txt")
            let seen = try String(contentsOf: folder.appending(path: "seen.txt"), encoding: .utf8)
            #expect(seen.contains("PATH=") && !seen.contains("CAPSTAN"))
        }
    }

    @Test func `what a failed program said last is kept, and what is not there is missing`() async throws {
        try await within { folder in
            await #expect(throws: BoundedProgram.Failure.failed(status: 3, said: "no such film ")) {
                try await program("sh").run(["-c", "echo no such film >&2; exit 3"], in: folder, within: bounds)
            }
            #expect(!program("no-such-program-as-this").isThere)
            await #expect(throws: BoundedProgram.Failure.missing) {
                try await program("no-such-program-as-this").run([], in: folder, within: bounds)
            }
        }
    }

    @Test func `a cancelled run has killed its program before it returns`() async throws {
        try await within { folder in
            let run = Task { [folder] in
                try await program("sh").run(["-c", "echo $$ > pid; exec sleep 60"], in: folder, within: bounds)
            }
            let file = folder.appending(path: "pid")
            var pid: Int32?
            while pid == nil {
                // Nothing to read until the program has begun.
                pid = (try? String(contentsOf: file, encoding: .utf8)).flatMap {
                    Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
                }
                await Task.yield()
            }
            run.cancel()
            await #expect(throws: CancellationError.self) { try await run.value }
            #expect(kill(pid ?? 0, 0) == -1)
        }
    }

    /// The standard library's own way reads the list of open files with a structure that may end behind its page.
    @Test func `a program runs while thousands of files are open`() async throws {
        try await within { folder in
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let files = (0..<min(3_000, Int(limit.rlim_cur) - 500)).map { _ in open("/dev/null", O_RDONLY) }
            defer { for file in files { close(file) } }
            for _ in 0..<20 {
                try await program("true").run([], in: folder, within: bounds)
            }
        }
    }
}
