import Foundation
import Testing

/// The disk under SQLite fills up, and is emptied again.
@Suite struct DiskFullTests {
    enum Bounds {
        /// What the database may grow by before the disk is full.
        static let roomBytes = 1 << 20
        /// What it may grow by while the server starts, and again when there is room.
        static let spareBytes = 64 << 20
        static let votesMax = 20_000
    }

    /// A small file system in memory; only root may mount one.
    final class SmallDisk {
        let path: String

        init(path: String, bytes: Int) throws {
            self.path = path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Program.run(["mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path])
        }

        func freeBytes() throws -> Int {
            let said = try Program.run(["df", "--output=avail", "-B1", path])
            guard let line = said.split(separator: "\n").last, let bytes = Int(line.trimmingPrefix { $0 == " " }) else {
                throw Broken(.failed, "df said \(said)")
            }
            return bytes
        }

        deinit {
            // A busy one is detached and goes when its last file is closed.
            _ = try? Program.run(["umount", "-l", path])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk"))
    func `a full disk refuses votes clearly, loses none that it acknowledged, and heals`() throws {
        let demo = try Demo.prepared(.sqlite)
        let folder = try TemporaryFolder()
        let size = Int(try Program.run(["du", "-sB1", demo.data]).prefix { $0 != "\t" }) ?? 0
        let disk = try SmallDisk(path: folder.path + "/disk", bytes: size + Bounds.spareBytes)
        let site = try Site(.sqlite, data: disk.path)
        let server = site.server
        try server.start()
        try eventually("the disk to be full but for some room") {
            let free = try disk.freeBytes() - Bounds.roomBytes
            // What the server writes meanwhile may take the room that was just measured: then it is measured anew.
            return free < 1 || (try? Program.run(["fallocate", "-l", "\(free)", disk.path + "/filler"])) != nil
        }

        var acknowledged: [Voter: Set<String>] = [:]
        let refusal = try voteUntilRefused(server, &acknowledged)
        #expect([503, 507].contains(refusal.status), "\(refusal)")
        #expect(refusal.problemCode != nil)
        #expect(refusal.header("retry-after") != nil)
        #expect(try server.send(.get("/api/tournament/boards/slot")).status == 200)

        try FileManager.default.removeItem(atPath: disk.path + "/filler")
        try eventually("a vote after there is room again") {
            let (voter, clips) = try Voter.arrive(try server.connect())
            return try server.send(voter.cast(clips[0])).status < 300
        }
        try expectAll(acknowledged, in: server)
        try server.kill()
        try server.start()
        try expectAll(acknowledged, in: server)
        #expect(try Books.problems(in: site.database) == [])
        #expect(try server.terminate() == 0)
    }

    private func voteUntilRefused(_ server: Capstan, _ acknowledged: inout [Voter: Set<String>]) throws -> HTTPAnswer {
        let connection = try server.connect()
        for _ in 0..<(Bounds.votesMax / 8) {
            let arrival = try Voter.arrive(connection)
            for clip in arrival.clips.prefix(8) {
                let answer = try connection.send(arrival.voter.cast(clip))
                guard answer.status < 300 else { return answer }
                acknowledged[arrival.voter, default: []].insert(clip)
            }
        }
        throw Broken(.failed, "\(Bounds.votesMax) votes did not fill the disk")
    }

    private func expectAll(_ acknowledged: [Voter: Set<String>], in server: Capstan) throws {
        let connection = try server.connect()
        for (voter, clips) in acknowledged {
            #expect(clips.subtracting(try voter.standing(connection)).isEmpty, "acknowledged and lost")
        }
    }
}
