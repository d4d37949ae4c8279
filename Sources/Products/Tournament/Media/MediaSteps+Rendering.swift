import Base
import Blobs
import Foundation
import NIOCore
import Programs
import Storage
import Web

extension MediaSteps {
    /// Makes the files by which a clip is played: the large one and a still first, after which it can be looked at,
    /// then the small one.
    ///
    /// Whoever takes the task over from a dead worker goes on behind what is finished.
    func render(_ lease: MediaLease, on leash: MediaLeash) async throws {
        let (id, tenant) = (lease.task.clipID, lease.task.tenant)
        guard let found = try await clips.entered(id, through: storage.reader(for: tenant), in: tenant),
            let finding = found.entry?.finding
        else { throw MediaTrouble.failed("the clip was never measured") }
        var made = found.clip.files
        if made.large == nil || made.small == made.large {
            made = try await inFolder(of: lease) { folder in
                let source = try await fetchSource(of: id, into: folder, in: tenant)
                guard let container = source.container else { throw MediaTrouble.failed("the upload has changed") }
                let work = Work(lease: lease, leash: leash, folder: folder, container: container, finding: finding)
                var made = made
                if made.large == nil { made = try await first(work, source) }
                if made.small == made.large { made = try await second(work, source, made) }
                return made
            }
        }
        try await tidy(lease, keeping: made)
    }

    /// What one run of the programs needs to know.
    private struct Work {
        let lease: MediaLease
        let leash: MediaLeash
        let folder: URL
        let container: ClipContainer
        let finding: ClipFinding

        var clipID: ID<Clip> { lease.task.clipID }
        var tenant: Tenant { lease.task.tenant }
    }

    private func first(_ work: Work, _ source: Source) async throws -> Clip.Files {
        let large = try await encode(.large, work, source)
        let still = "still.jpg"
        try await run(
            Rendition.poster(from: source.name, as: work.container, to: still, of: work.finding), work,
            outputBytes: 2_000_000)
        let poster = try await keep(still, "jpg", "image/jpeg", work)
        let film = try await keep(large, "mp4", "video/mp4", work)
        // Until the small one is there, the large one stands in: every page has something to play.
        let files = Clip.Files(
            poster: MediaRoutes.address(of: poster), small: MediaRoutes.address(of: film),
            large: MediaRoutes.address(of: film))
        let bytes = try Self.size(of: work.folder.appending(path: large))
        try await publish(files, bytes: bytes, work)
        return files
    }

    private func second(_ work: Work, _ source: Source, _ made: Clip.Files) async throws -> Clip.Files {
        let small = try await encode(.small, work, source)
        let film = try await keep(small, "mp4", "video/mp4", work)
        var files = made
        files.small = MediaRoutes.address(of: film)
        try await hold(work.lease) { [files] transaction in
            guard let clip = try await clips.entered(work.clipID, through: transaction, in: work.tenant)?.clip else {
                throw MediaTrouble.lost
            }
            try await clips.setFiles(
                files, milliseconds: clip.milliseconds, bytes: clip.bytes, of: clip.id, through: transaction,
                in: work.tenant)
            for tag in [Timetable.Tag.clips(clip.slotID), Timetable.Tag.clip(clip.id)] {
                transaction.afterCommit(.invalidate(tag: tag))
            }
        }
        return files
    }

    /// The clip can be watched: it waits for a moderator, or competes at once when its maker is trusted.
    private func publish(_ files: Clip.Files, bytes: Int, _ work: Work) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        let places = try await reviews.places(in: tenant)
        let hasTrust = house.isOn(Playhouse.Flags.trustedCreators, in: tenant)
        let slot = try await hold(work.lease) { transaction -> ID<Slot>? in
            try await clips.setFiles(
                files, milliseconds: work.finding.milliseconds, bytes: bytes, of: id, through: transaction, in: tenant)
            guard let found = try await clips.entered(id, through: transaction, in: tenant),
                found.clip.state == .processing
            else { throw MediaTrouble.lost }
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.clip(id)))
            if hasTrust, try await entries.isTrusted(found.clip.personID, through: transaction, in: tenant) {
                do {
                    let clip = try await reviews.enter(
                        found, by: .trusted, places: places, through: transaction, in: tenant)
                    try await entries.setVerdict(
                        .trusted, nil, by: nil, at: house.clock.now(), of: id, through: transaction, in: tenant)
                    return clip.slotID
                } catch is Problem {
                    // No slot takes it: a moderator finds it in the queue.
                }
            }
            guard try await clips.move(id, by: .rendered, to: .pending, through: transaction, in: tenant) else {
                throw MediaTrouble.lost
            }
            return nil
        }
        if let slot { house.boards.keeper.touch([slot]) }
    }

    /// Leaves nothing behind: the upload, and files of attempts that came to nothing.
    private func tidy(_ lease: MediaLease, keeping made: Clip.Files) async throws {
        let (id, tenant) = (lease.task.clipID, lease.task.tenant)
        let kept = Set([made.large, made.small, made.poster].compactMap { $0 })
        let names = try await entries.entry(id, through: storage.reader(for: tenant), in: tenant)?.names ?? []
        for name in names where !kept.contains(MediaRoutes.address(of: name)) { try await drop(name, lease) }
        _ = try await blobs.delete(UploadDesk.source(of: id), for: tenant)
        try await hold(lease) { transaction in try await tasks.finish(lease, through: transaction) }
    }

    // MARK: Programs

    /// Makes a rendition: by even quality, and at a bounded rate when that is too large; what comes out is measured.
    private func encode(_ rendition: Rendition, _ work: Work, _ source: Source) async throws -> String {
        for pass in [Rendition.Pass.quality, .fitted, .tight] {
            let name = "\(rendition.rawValue).mp4"
            let arguments = rendition.arguments(
                from: source.name, as: work.container, to: name, of: work.finding, pass: pass)
            try await run(arguments, work, outputBytes: rendition.bytesMax * 2)
            let bytes = try Self.size(of: work.folder.appending(path: name))
            guard bytes <= rendition.bytesMax else { continue }
            let made = Source(name: name, bytes: bytes, container: .mp4)
            guard case .success(let finding) = try await examine(made, in: work.folder, on: work.leash),
                abs(finding.milliseconds - work.finding.milliseconds) <= 500
            else { throw MediaTrouble.failed("the \(rendition.rawValue) rendition is not the clip that was sent") }
            return name
        }
        throw MediaTrouble.failed("the \(rendition.rawValue) rendition does not fit \(rendition.bytesMax) bytes")
    }

    private func run(_ arguments: [String], _ work: Work, outputBytes: Int) async throws {
        do {
            let bounds = BoundedProgram.Bounds(
                deadline: .seconds(240), processorSeconds: 120, outputBytes: outputBytes)
            try await work.leash.hold { [tools] in
                try await tools.ffmpeg.run(arguments, in: work.folder, within: bounds)
            }
        } catch {
            throw Self.trouble(error, tools.ffmpeg, work.leash)
        }
    }

    // MARK: Files

    /// Keeps a file under the name of its content; first the name is claimed, then the bytes are written.
    private func keep(_ file: String, _ ending: String, _ type: String, _ work: Work) async throws -> String {
        let (id, tenant) = (work.clipID, work.tenant)
        let bytes = [UInt8](try Data(contentsOf: work.folder.appending(path: file)))
        let hash = BlobHash(of: bytes)
        let name = "\(hash).\(ending)"
        guard let key = Self.key(of: name) else { throw MediaTrouble.failed("a file has no name") }
        try await hold(work.lease) { transaction in
            guard let entry = try await entries.entry(id, through: transaction, in: tenant) else {
                throw MediaTrouble.lost
            }
            guard !entry.names.contains(name) else { return }
            try await files.claim(name, at: house.clock.now(), through: transaction, in: tenant)
            try await entries.setNames(entry.names + [name], of: id, through: transaction, in: tenant)
        }
        let upload = BlobUpload(
            contentType: type, sizeMax: ByteCount(bytes.count), length: ByteCount(bytes.count), hash: hash,
            conflict: .keep)
        _ = try await blobs.put(.key(key), for: tenant, upload, content: ByteBuffer(bytes: bytes))
        return name
    }

    /// Where a file is kept among the tenant's objects; `nil` for what is no name of a file.
    static func key(of name: String) -> BlobKey? { BlobKey("tournament/files/\(name)") }

    static func size(of file: URL) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
    }

    /// Copies an upload onto the disk, where programs can read it.
    func fetchSource(of id: ID<Clip>, into folder: URL, in tenant: Tenant) async throws -> Source {
        guard let download = try await blobs.get(UploadDesk.source(of: id), for: tenant) else {
            throw MediaTrouble.failed("the upload is gone")
        }
        let name = "source"
        let file = folder.appending(path: name)
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        // Every byte has been written before; a file that cannot be closed changes nothing about that.
        defer { try? handle.close() }
        var head: [UInt8] = []
        for try await chunk in download.chunks {
            if head.isEmpty { head = Array(chunk.readableBytesView.prefix(ClipContainer.headBytes)) }
            try handle.write(contentsOf: Data(chunk.readableBytesView))
        }
        return Source(name: name, bytes: download.info.size.bytes, container: ClipContainer(head: head))
    }

    /// Runs `body` with a folder of its own, which is gone afterwards.
    func inFolder<Result: Sendable>(
        of lease: MediaLease, _ body: (URL) async throws -> Result
    ) async throws -> Result {
        let folder = tools.folder.appending(
            path: "\(lease.task.clipID)-\(UInt64(bitPattern: lease.owner))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // What is left behind lies in a folder that nobody else uses, and is cleared when the process starts anew.
            try? FileManager.default.removeItem(at: folder)
        }
        return try await body(folder)
    }
}
