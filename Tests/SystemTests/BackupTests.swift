import Foundation
import Testing

/// What is backed up while the server runs can be served from another folder.
@Suite struct BackupTests {
    @Test func `a backup of a running SQLite server restores to the same boards`() throws {
        let site = try Site(.sqlite)
        try site.server.start()
        let (voter, clips) = try Voter.arrive(try site.server.connect())
        for clip in clips.prefix(3) { #expect(try site.server.send(voter.cast(clip)).status < 300) }
        let backup = site.folder.path + "/backup"
        try Program.run(
            [Capstan.binary, "backup", backup, "--database", site.database.url], environment: Demo.environment)
        let (_, late) = try Voter.arrive(try site.server.connect())
        #expect(try site.server.terminate() == 0)

        let restored = SQLiteFile(path: site.folder.path + "/restored.sqlite")
        try Program.run([Capstan.binary, "restore", backup, "--database", restored.url], environment: Demo.environment)
        #expect(try restored.number(Books.votes) == site.database.number(Books.votes))
        #expect(try Books.problems(in: restored) == [])
        let other = try Site(.sqlite, database: restored)
        try other.server.start()
        #expect(Set(try voter.standing(try other.server.connect())) == Set(clips.prefix(3)))
        #expect(try other.server.send(voter.cast(late.first { !clips.prefix(3).contains($0) } ?? "")).status < 300)
    }

    /// What `Documentation/Operating/backup.md` says.
    @Test func `a dump of PostgreSQL restores to the same votes`() throws {
        let site = try Site(.postgres)
        try site.server.start()
        let (voter, clips) = try Voter.arrive(try site.server.connect())
        for clip in clips.prefix(3) { #expect(try site.server.send(voter.cast(clip)).status < 300) }
        let source = try #require(site.database as? PostgresDatabase)
        let file = site.folder.path + "/dump"
        try Program.run(["pg_dump", "--format=custom", "--file=\(file)", source.adminURL])
        let restored = try PostgresDatabase.create(Demo.newName())
        try Program.run(["pg_restore", "--exit-on-error", "--dbname=\(restored.adminURL)", file])
        #expect(try restored.number(Books.votes) == source.number(Books.votes))
        let (status, output) = try Program.outcome(
            [Capstan.binary, "migrate", "--check", "--database", restored.url])
        #expect(status == 0, "\(output)")
        let other = try Site(.postgres, database: restored)
        try other.server.start()
        #expect(Set(try voter.standing(try other.server.connect())) == Set(clips.prefix(3)))
        #expect(try Books.problems(in: restored) == [])
    }

    @Test func `a backup of a file that is none is refused with one line`() throws {
        let folder = try TemporaryFolder()
        try Data("not a backup".utf8).write(to: URL(fileURLWithPath: folder.path + "/file"))
        let (status, output) = try Program.outcome(
            [
                Capstan.binary, "restore", folder.path + "/file", "--database",
                "sqlite:\(folder.path)/restored.sqlite",
            ])
        #expect(status == 1)
        #expect(output.split(separator: "\n").count == 1, "\(output)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/restored.sqlite"))
    }
}
