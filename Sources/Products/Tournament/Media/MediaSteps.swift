import Base
import Blobs
import Foundation
import Jobs
import NIOCore
import Programs
import Storage
import Web

/// Why a step of media work ended early.
enum MediaTrouble: Error, Sendable, Hashable {
    /// The task is somebody else's by now, or its clip is gone.
    case lost
    /// Something that the work stands on is away; the work itself has not failed.
    case away(String)
    /// The work has failed, with the reason.
    case failed(String)
}

/// The programs and the place of media work.
struct MediaTools: Sendable {
    var ffmpeg: BoundedProgram
    var ffprobe: BoundedProgram
    /// Where files are worked on; each task has a folder of its own in it.
    var folder: URL
}

/// A task and the run of the job that carries it out.
struct MediaWork: Sendable {
    let task: MediaTask
    let context: JobContext

    var clipID: ID<Clip> { task.clipID }
    var tenant: Tenant { task.tenant }
}

/// The steps that a task takes: each ends in a transaction that only who holds the task can make.
struct MediaSteps: Sendable {
    let reviews: ReviewDesk
    let blobs: any BlobStore
    let tools: MediaTools

    var house: Playhouse { reviews.uploads.house }
    var storage: Storage { house.storage }
    var clips: ClipStore { house.timetable.clips }
    var entries: ClipEntryStore { ClipEntryStore(storage: storage) }
    var tasks: MediaTaskStore { MediaTaskStore(storage: storage) }
    var files: MediaFileStore { MediaFileStore() }

    /// Does what a task asks for.
    func take(_ work: MediaWork) async throws {
        switch work.task.kind {
        case .expect: try await expire(work)
        case .probe: try await probe(work)
        case .render: try await render(work)
        case .clear: try await clear(work)
        }
    }

    /// Changes data for as long as the task is ours: from here to the commit no other worker can take its job, and
    /// nobody can put another task in its place.
    func hold<Result: Sendable>(
        _ work: MediaWork, _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        try await reviews.placed(in: work.tenant) { transaction in
            try await work.context.hold(in: transaction)
            guard try await tasks.hold(work.task, through: transaction) else { throw MediaTrouble.lost }
            return try await body(transaction)
        }
    }

    // MARK: Uploads that never came

    private func expire(_ work: MediaWork) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        // All of them are in the store, and whoever sent them went away before saying so.
        if let bytes = try await arrived(id, in: tenant) {
            return try await hold(work) { transaction in
                guard try await clips.move(id, by: .arrived, to: .processing, through: transaction, in: tenant) else {
                    return try await tasks.finish(work.task, through: transaction)
                }
                try await entries.setArrived(id, bytes: bytes, through: transaction, in: tenant)
                try await tasks.plan(.probe, for: id, through: transaction, in: tenant)
            }
        }
        try await hold(work) { transaction in
            guard try await clips.move(id, by: .expired, to: .removed, through: transaction, in: tenant) else {
                return try await tasks.finish(work.task, through: transaction)
            }
            try await entries.setFault(.expired, nil, of: id, through: transaction, in: tenant)
            try await tasks.plan(.clear, for: id, through: transaction, in: tenant)
        }
    }

    private func arrived(_ id: ID<Clip>, in tenant: Tenant) async throws -> Int? {
        do {
            return try await reviews.uploads.arrival(of: id, in: tenant)
        } catch let problem as Problem where problem.code == TournamentError.Code.clipInvalid.rawValue {
            // It was deleted: nothing has come.
            return nil
        }
    }

    // MARK: Is it a clip?

    private func probe(_ work: MediaWork) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        let result = try await inFolder(of: work) { folder in
            let source = try await fetchSource(of: id, into: folder, in: tenant)
            try await work.context.progress(Progress.fetched, of: Progress.total)
            return try await examine(source, in: folder)
        }
        try await hold(work) { transaction in
            switch result {
            case .success(let finding):
                try await entries.setFinding(finding, of: id, through: transaction, in: tenant)
                try await tasks.move(work.task, to: .render, through: transaction)
            case .failure(let refusal):
                guard try await clips.move(id, by: .refused, to: .rejected, through: transaction, in: tenant) else {
                    throw MediaTrouble.lost
                }
                try await entries.setFault(refusal.fault, refusal.finding, of: id, through: transaction, in: tenant)
                try await tasks.plan(.clear, for: id, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: Timetable.Tag.clip(id)))
            }
        }
    }

    /// A file that is worked on, and what it is by its first bytes.
    struct Source: Sendable {
        let name: String
        let bytes: Int
        let container: ClipContainer?
    }

    /// Measures a file.
    func examine(_ source: Source, in folder: URL) async throws -> Result<ClipFinding, ClipRefusal> {
        guard source.bytes > 0 else { return .failure(ClipRefusal(.empty)) }
        guard let container = source.container else { return .failure(ClipRefusal(.container)) }
        let report = "report.json"
        let bounds = BoundedProgram.Bounds(
            deadline: .seconds(30), processorSeconds: 20, outputBytes: Bounds.reportBytes)
        do {
            try await tools.ffprobe.run(
                MediaReport.arguments(for: source.name, as: container), in: folder, within: bounds, output: report)
        } catch BoundedProgram.Failure.failed {
            let size = try Self.size(of: folder.appending(path: report))
            return .failure(ClipRefusal(size >= Bounds.reportBytes ? .tooManyFrames : .unreadable))
        } catch BoundedProgram.Failure.tooSlow {
            return .failure(ClipRefusal(.unreadable))
        } catch let failure as BoundedProgram.Failure {
            throw Self.trouble(failure, tools.ffprobe)
        }
        return MediaReport.finding(try Data(contentsOf: folder.appending(path: report)), container: container)
    }

    /// How far a clip is, as operators see it.
    enum Progress {
        static let fetched = 1
        static let measured = 2
        static let large = 3
        static let total = 4
    }

    enum Bounds {
        /// What `ffprobe` may print: some 40,000 packets.
        static let reportBytes = 4 << 20
    }

    /// What a program's failure means for the work.
    static func trouble(_ failure: BoundedProgram.Failure, _ program: BoundedProgram) -> MediaTrouble {
        switch failure {
        case .missing: .away("\(program.name) is not installed")
        case .tooSlow: .failed("\(program.name) took too long")
        case .failed(let status, let said): .failed("\(program.name) ended with \(status): \(said)")
        }
    }

    // MARK: Giving up

    /// Ends work that has failed too often: an upload that nobody can watch yet is sent back.
    func giveUp(_ work: MediaWork) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        let found = try await clips.entered(id, through: storage.reader(for: tenant), in: tenant)
        let isUnseen = found?.clip.state == .processing
        if isUnseen { try await clearFiles(work) }
        try await hold(work) { transaction in
            if isUnseen, try await clips.move(id, by: .refused, to: .rejected, through: transaction, in: tenant) {
                try await entries.setFault(.failed, found?.entry?.finding, of: id, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: Timetable.Tag.clip(id)))
            }
            try await tasks.finish(work.task, through: transaction)
        }
    }

    // MARK: Clearing

    private func clear(_ work: MediaWork) async throws {
        try await clearFiles(work)
        let (id, tenant) = (work.clipID, work.tenant)
        try await hold(work) { transaction in
            if let clip = try await clips.entered(id, through: transaction, in: tenant)?.clip {
                try await clips.setFiles(
                    Clip.Files(), milliseconds: clip.milliseconds, bytes: 0, of: id, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: Timetable.Tag.clip(id)))
            }
            try await tasks.finish(work.task, through: transaction)
        }
    }

    /// Deletes the upload, and the files that no other clip uses.
    private func clearFiles(_ work: MediaWork) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        _ = try await blobs.delete(UploadDesk.source(of: id), for: tenant)
        let names = try await entries.entry(id, through: storage.reader(for: tenant), in: tenant)?.names ?? []
        for name in names { try await drop(name, work) }
    }

    /// Gives up a file; deletes it while its row is locked if this was its last use.
    func drop(_ name: String, _ work: MediaWork) async throws {
        let (id, tenant) = (work.clipID, work.tenant)
        try await hold(work) { transaction in
            guard let entry = try await entries.entry(id, through: transaction, in: tenant), entry.names.contains(name)
            else { return }
            try await entries.setNames(
                entry.names.filter { $0 != name }, of: id, through: transaction, in: tenant)
            if try await files.release(name, through: transaction, in: tenant), let key = Self.key(of: name) {
                _ = try await blobs.delete(key, for: tenant)
            }
        }
    }
}
