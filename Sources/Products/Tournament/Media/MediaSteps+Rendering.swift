import Base
import Blobs
import Foundation
import Jobs
import NIOCore
import Programs
import Storage
import Web

extension MediaSteps {
    /// Makes the files by which a clip is played: the large one and a still first, after which it can be looked at,
    /// then the small one.
    ///
    /// Whoever takes the task over from a dead worker goes on behind what is finished.
    func render(_ work: MediaWork) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        guard let found = try await clips.entered(id, through: storage.reader(for: tenant), in: tenant),
            let finding = found.entry?.finding
        else { throw MediaTrouble.failed("the clip was never measured") }
        var made = found.clip.files
        if made.large == nil || made.small == made.large {
            made = try await inFolder(of: work) { folder in
                let source = try await fetchSource(of: id, into: folder, in: tenant)
                guard let container = source.container else { throw MediaTrouble.failed("the upload has changed") }
                let run = Run(work: work, folder: folder, container: container, finding: finding)
                var made = made
                try await work.context.progress(Progress.measured, of: Progress.total)
                if made.large == nil { made = try await first(run, source) }
                try await work.context.progress(Progress.large, of: Progress.total)
                if made.small == made.large { made = try await second(run, source, made) }
                return made
            }
        }
        try await tidy(work, keeping: made)
    }

    /// What one run of the programs needs to know.
    private struct Run {
        let work: MediaWork
        let folder: URL
        let container: ClipContainer
        let finding: ClipFinding

        var clipID: ID<Clip> { work.clipID }
        var tenant: Tenant { work.tenant }
    }

    private func first(_ run: Run, _ source: Source) async throws -> Clip.Files {
        let large = try await encode(.large, run, source)
        let still = "still.jpg"
        try await perform(
            Rendition.poster(from: source.name, as: run.container, to: still, of: run.finding), run,
            outputBytes: 2_000_000)
        let poster = try await keep(still, "jpg", "image/jpeg", run)
        let film = try await keep(large, "mp4", "video/mp4", run)
        // Until the small one is there, the large one stands in: every page has something to play.
        let files = Clip.Files(
            poster: MediaRoutes.address(of: poster), small: MediaRoutes.address(of: film),
            large: MediaRoutes.address(of: film))
        let bytes = try Self.size(of: run.folder.appending(path: large))
        try await publish(files, bytes: bytes, run)
        return files
    }

    private func second(_ run: Run, _ source: Source, _ made: Clip.Files) async throws -> Clip.Files {
        let small = try await encode(.small, run, source)
        let film = try await keep(small, "mp4", "video/mp4", run)
        var files = made
        files.small = MediaRoutes.address(of: film)
        try await hold(run.work) { [files] transaction in
            guard let clip = try await clips.entered(run.clipID, through: transaction, in: run.tenant)?.clip else {
                throw MediaTrouble.lost
            }
            try await clips.setFiles(
                files, milliseconds: clip.milliseconds, bytes: clip.bytes, of: clip.id, through: transaction,
                in: run.tenant)
            for tag in [Timetable.Tag.clips(clip.slotID), Timetable.Tag.clip(clip.id)] {
                transaction.afterCommit(.invalidate(tag: tag))
            }
        }
        return files
    }

    /// The clip can be watched: it waits for a moderator, or competes at once when its maker is trusted.
    private func publish(_ files: Clip.Files, bytes: Int, _ run: Run) async throws {
        let (id, tenant) = (run.clipID, run.tenant)
        let places = try await reviews.places(in: tenant)
        let hasTrust = house.isOn(Playhouse.Flags.trustedCreators, in: tenant)
        let slot = try await hold(run.work) { transaction -> ID<Slot>? in
            try await clips.setFiles(
                files, milliseconds: run.finding.milliseconds, bytes: bytes, of: id, through: transaction, in: tenant)
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
    private func tidy(_ work: MediaWork, keeping made: Clip.Files) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        let kept = Set([made.large, made.small, made.poster].compactMap { $0 })
        let names = try await entries.entry(id, through: storage.reader(for: tenant), in: tenant)?.names ?? []
        for name in names where !kept.contains(MediaRoutes.address(of: name)) { try await drop(name, work) }
        _ = try await blobs.delete(UploadDesk.source(of: id), for: tenant)
        try await hold(work) { transaction in try await tasks.finish(work.task, through: transaction) }
    }

    // MARK: Programs

    /// Makes a rendition: by even quality, and at a bounded rate when that is too large; what comes out is measured.
    private func encode(_ rendition: Rendition, _ run: Run, _ source: Source) async throws -> String {
        for pass in [Rendition.Pass.quality, .fitted, .tight] {
            let name = "\(rendition.rawValue).mp4"
            let arguments = rendition.arguments(
                from: source.name, as: run.container, to: name, of: run.finding, pass: pass)
            try await perform(arguments, run, outputBytes: rendition.bytesMax * 2)
            let bytes = try Self.size(of: run.folder.appending(path: name))
            guard bytes <= rendition.bytesMax else { continue }
            let made = Source(name: name, bytes: bytes, container: .mp4)
            guard case .success(let finding) = try await examine(made, in: run.folder),
                abs(finding.milliseconds - run.finding.milliseconds) <= 500
            else { throw MediaTrouble.failed("the \(rendition.rawValue) rendition is not the clip that was sent") }
            return name
        }
        throw MediaTrouble.failed("the \(rendition.rawValue) rendition does not fit \(rendition.bytesMax) bytes")
    }

    private func perform(_ arguments: [String], _ run: Run, outputBytes: Int) async throws {
        do {
            let bounds = BoundedProgram.Bounds(
                deadline: .seconds(240), processorSeconds: 120, outputBytes: outputBytes)
            try await tools.ffmpeg.run(arguments, in: run.folder, within: bounds)
        } catch let failure as BoundedProgram.Failure {
            throw Self.trouble(failure, tools.ffmpeg)
        }
    }

    // MARK: Files

    /// Keeps a file under the name of its content; first the name is claimed, then the bytes are written.
    private func keep(_ file: String, _ ending: String, _ type: String, _ run: Run) async throws -> String {
        let (id, tenant) = (run.clipID, run.tenant)
        let bytes = [UInt8](try Data(contentsOf: run.folder.appending(path: file)))
        let hash = BlobHash(of: bytes)
        let name = "\(hash).\(ending)"
        guard let key = Self.key(of: name) else { throw MediaTrouble.failed("a file has no name") }
        try await hold(run.work) { transaction in
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
        of work: MediaWork, _ body: (URL) async throws -> Result
    ) async throws -> Result {
        let folder = tools.folder.appending(
            path: "\(work.clipID)-\(work.context.id)-\(work.context.attempt)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // What is left behind lies in a folder that nobody else uses, and is cleared when the process starts anew.
            try? FileManager.default.removeItem(at: folder)
        }
        return try await body(folder)
    }
}
