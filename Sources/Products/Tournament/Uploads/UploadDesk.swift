import Accounts
import Base
import Blobs
import Jobs
import NIOCore
import Storage
import Synchronization
import Web

/// Takes clips in: opens an entry with an address for its bytes, receives them, and hands them to the media work.
final class UploadDesk: Sendable {
    enum Bounds {
        /// Uploads that one process receives at once.
        static let atOnce = 32
        /// Slots ahead in which a clip may be entered by default or moved to.
        static let slotsAhead = 50
    }

    /// What somebody wants to enter.
    struct Wish: Sendable {
        var title: String
        var genre: Clip.Genre
        /// The slot; `nil` for the one that is on, or the next one.
        var slotID: ID<Slot>?
        /// The track in which that is looked for; `nil` for the main one.
        var trackID: ID<Track>?
        /// A clip of the same maker that this one takes the place of.
        var replaces: ID<Clip>?
        /// What the bytes will be, where that is known: then they may go to the store itself.
        var promise: BlobPromise?
    }

    /// An entry whose bytes are to come.
    struct Opening: Sendable {
        let clip: Clip
        let slot: Slot
        let address: BlobUploadAddress
        let expiresAt: Timestamp
    }

    let house: Playhouse
    let blobs: any BlobStore
    let signer: BlobSigner
    let register: PersonRegister
    private let inFlight = Atomic(0)
    private let interrupt: @Sendable (ID<Job>, Tenant) -> Void

    private var storage: Storage { house.storage }
    private var clips: ClipStore { house.timetable.clips }
    private var entries: ClipEntryStore { ClipEntryStore(storage: storage) }
    private var tasks: MediaTaskStore { MediaTaskStore(storage: storage) }

    /// - Parameters:
    ///   - house: the product.
    ///   - blobs: where bytes are kept.
    ///   - signer: what signs addresses for uploads.
    ///   - interrupt: ends a job that works on a clip in vain, wherever it runs.
    init(
        house: Playhouse, blobs: any BlobStore, signer: BlobSigner,
        interrupt: @escaping @Sendable (ID<Job>, Tenant) -> Void
    ) {
        self.interrupt = interrupt
        self.house = house
        self.blobs = blobs
        self.signer = signer
        register = PersonRegister(storage: house.storage)
    }

    /// Has the work on a clip that is gone given up at once, wherever it is done; called after the commit.
    func giveUp(_ job: ID<Job>?, in tenant: Tenant) {
        if let job { interrupt(job, tenant) }
    }

    /// What the keys of uploads begin with.
    static let sources = "tournament/uploads/"

    /// Where the bytes of a clip are kept until its files are made.
    static func source(of clip: ID<Clip>) -> BlobKey {
        guard let key = BlobKey("\(sources)\(clip)") else {
            preconditionFailure("an id gave the key of no object: \(clip)")
        }
        return key
    }

    /// The clip whose bytes a key is for; `nil` for any other key.
    static func clip(of key: BlobKey) -> ID<Clip>? {
        key.description.split(separator: "/").last.flatMap { ID<Clip>(String($0)) }.flatMap {
            source(of: $0) == key ? $0 : nil
        }
    }

    // MARK: Opening

    /// Enters a clip and gives the address for its bytes.
    ///
    /// The person's row is read: who was banned a second ago enters nothing.
    func open(_ wish: Wish, for person: ID<Person>, in tenant: Tenant) async throws -> Opening {
        let standing = try await standing(of: person, in: tenant)
        guard let programme = try await house.timetable.programme(in: tenant) else { throw Self.nothingOpen }
        let now = house.clock.now()
        let slot = try await slot(of: wish, programme, at: now, in: tenant)
        let clip = Clip(
            id: ID(at: now, using: AnyRandomness(house.randomness)), seasonID: slot.seasonID, trackID: slot.trackID,
            slotID: slot.id, personID: person, title: wish.title, credit: standing.name, genre: wish.genre,
            state: .uploading, activeAt: now, files: Clip.Files(), milliseconds: 0, bytes: 0)
        let expiresAt = now + UploadRules.window
        let places = programme.season.rules.clipsPerPerson
        let replaced = try await storage.write(for: tenant) { transaction in
            var replaced: ID<Job>?
            if let old = wish.replaces {
                replaced = try await withdraw(old, of: person, through: transaction, in: tenant)
            }
            guard try await clips.add(clip, through: transaction, in: tenant) else { throw Self.slotClosed }
            try await takePlace(clip, of: places, at: now, until: expiresAt, through: transaction, in: tenant)
            try await tasks.plan(
                .expect, for: clip.id, after: UploadRules.window + UploadRules.grace, through: transaction, in: tenant)
            return replaced
        }
        giveUp(replaced, in: tenant)
        return Opening(
            clip: clip, slot: slot, address: address(of: clip.id, promising: wish.promise, in: tenant),
            expiresAt: expiresAt)
    }

    /// Where the bytes go: with a promise of what they are to wherever the store takes them, else through this process.
    private func address(
        of clip: ID<Clip>, promising promise: BlobPromise?, in tenant: Tenant
    ) -> BlobUploadAddress {
        let key = Self.source(of: clip)
        guard let promise else {
            let address = signer.uploadAddress(
                .key(key), for: tenant, sizeMax: ByteCount(UploadRules.bytesMax), lifetime: UploadRules.window)
            return BlobUploadAddress(address: address, isDirect: false)
        }
        return blobs.uploadAddress(
            for: key, of: tenant, promising: promise, lifetime: UploadRules.window, otherwise: signer)
    }

    /// What is written of the person at this moment, if they may upload.
    private func standing(of person: ID<Person>, in tenant: Tenant) async throws -> PersonStanding {
        guard let standing = try await register.standing(of: person, in: tenant) else {
            throw Problem(TournamentError(.signInRequired, "Uploading needs an account of this stage: sign in again."))
        }
        guard !standing.isBanned else {
            throw Problem(TournamentError(.banned, "This account is banned here and cannot upload."))
        }
        if !standing.isVerified, house.isOn(Playhouse.Flags.requireVerifiedUpload, in: tenant) {
            throw Problem(TournamentError(.notVerified, "Verify your e-mail address first, then upload."))
        }
        return standing
    }

    private func slot(
        of wish: Wish, _ programme: Timetable.Programme, at now: Timestamp, in tenant: Tenant
    ) async throws -> Slot {
        if let id = wish.slotID {
            guard let slot = try await house.timetable.slot(id, in: tenant), slot.seasonID == programme.season.id else {
                throw Problem(TournamentError(.notFound, "There is no such slot."))
            }
            guard slot.takesClips(at: now) else { throw Self.slotClosed }
            return slot
        }
        let track = wish.trackID ?? programme.main?.id
        guard let track, programme.tracks.contains(where: { $0.id == track }) else {
            throw Problem(TournamentError(.notFound, "There is no such track."))
        }
        // Slots are in memory; whether the one that is chosen is still open is decided by its row.
        let open = try await house.timetable.slots(of: track, in: tenant).first { $0.takesClips(at: now) }
        guard let open else { throw Self.nothingOpen }
        return open
    }

    private func takePlace(
        _ clip: Clip, of places: Int, at now: Timestamp, until expiresAt: Timestamp,
        through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws {
        // Each lost race means that somebody else has filled a place: there are no more of them than places.
        for _ in 0...places {
            if try await entries.enter(
                clip, places: places, at: now, until: expiresAt, through: transaction, in: tenant)
            {
                return
            }
            let taken = try await entries.taken(
                by: clip.personID, in: clip.slotID, through: transaction, tenant: tenant)
            if taken >= places { break }
        }
        throw Problem(
            TournamentError(
                .clipLimit, "You have \(places) clips in this slot already; take one back or wait for the next slot.",
                context: ["limit": "\(places)", "slotId": "\(clip.slotID)"]))
    }

    private static let slotClosed = Problem(
        TournamentError(.slotClosed, "This slot takes no more clips; choose a later one."))
    private static let nothingOpen = Problem(
        TournamentError(.slotClosed, "No slot takes clips at the moment; the timetable says when one does."))

    // MARK: Receiving

    /// Receives the bytes of an entry; nothing of them is visible, or counts, before all are there.
    ///
    /// - Parameters:
    ///   - id: the clip.
    ///   - body: the bytes, taken as fast as they can be written.
    ///   - length: how many were announced.
    ///   - grant: what the address allows; `nil` for any bytes of a clip's size.
    ///   - tenant: whose clip it is.
    /// - Returns: how many bytes there are.
    /// - Throws: a `Problem` that says why not; nothing of the bytes is left then.
    func receive<Body: AsyncSequence & Sendable>(
        _ id: ID<Clip>, from body: Body, length: ByteCount?, within grant: BlobGrant? = nil, in tenant: Tenant
    ) async throws -> Int where Body.Element == ByteBuffer {
        guard inFlight.add(1, ordering: .relaxed).newValue <= Bounds.atOnce else {
            inFlight.subtract(1, ordering: .relaxed)
            throw Problem(
                TournamentError(
                    .uploadsBusy, "Many uploads are being received: try again in a few seconds.",
                    retryAfter: .seconds(5)))
        }
        defer { inFlight.subtract(1, ordering: .relaxed) }
        let found = try await clips.entered(id, through: storage.reader(for: tenant), in: tenant)
        guard let found, found.entry != nil, found.clip.state == .uploading else { throw Self.used }
        let receipt: BlobReceipt
        do throws(BlobsError) {
            // What is there stays: bytes that were looked at cannot be changed under the looker's eyes.
            let upload = BlobUpload(
                contentType: grant?.contentType ?? "application/octet-stream",
                sizeMax: min(grant?.sizeMax ?? Self.sizeMax, Self.sizeMax), length: length, hash: grant?.hash,
                conflict: .keep)
            receipt = try await blobs.put(.key(Self.source(of: id)), for: tenant, upload, from: body)
        } catch {
            throw Self.refusal(error)
        }
        try await arrived(id, bytes: receipt.info.size.bytes, in: tenant)
        return receipt.info.size.bytes
    }

    /// Says that all bytes of an entry are in the store, however they came there.
    func arrived(_ id: ID<Clip>, of person: ID<Person>, in tenant: Tenant) async throws -> Int {
        let found = try await clips.entered(id, through: storage.reader(for: tenant), in: tenant)
        guard let found, found.clip.personID == person, found.entry != nil else {
            throw Problem(TournamentError(.clipNotFound, "There is no such clip of yours."))
        }
        let bytes = try await arrival(of: id, in: tenant)
        guard let bytes else {
            throw Problem(TournamentError(.uploadMissing, "The bytes of this clip have not arrived; send them first."))
        }
        try await arrived(id, bytes: bytes, in: tenant)
        return bytes
    }

    /// How many bytes have arrived for an entry; `nil` when none have.
    ///
    /// The store has enforced what was promised. What is there and cannot be a clip all the same is deleted before
    /// anybody looks into it.
    func arrival(of id: ID<Clip>, in tenant: Tenant) async throws -> Int? {
        let key = Self.source(of: id)
        do throws(BlobsError) {
            guard let info = try await blobs.head(key, for: tenant) else { return nil }
            if info.size <= Self.sizeMax { return info.size.bytes }
        } catch  where error.code == .corrupt {
            // Not what an address of ours lets in.
        }
        _ = try await blobs.delete(key, for: tenant)
        throw Problem(
            TournamentError(
                .clipInvalid, "What was uploaded is larger than 50 MiB, or is no upload of this site.",
                context: ["reason": "tooLarge"]))
    }

    private static let sizeMax = ByteCount(UploadRules.bytesMax)

    /// What is told of bytes that were not taken.
    private static func refusal(_ error: BlobsError) -> any Error {
        if let problem = error.underlying as? Problem { return problem }
        switch error.code {
        case .tooLarge, .truncated, .hashMismatch:
            return Problem(
                TournamentError(
                    .clipInvalid, "The bytes are not those that were announced, or too many: send the same file again.",
                    context: ["reason": error.code.rawValue]))
        case .diskFull, .storeFailed, .corrupt, .typeInvalid, .rangeInvalid, .sourceFailed, .cancelled: return error
        }
    }

    private func arrived(_ id: ID<Clip>, bytes: Int, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            // The task first, as whoever works on it does.
            try await tasks.plan(.probe, for: id, through: transaction, in: tenant)
            guard try await clips.move(id, by: .arrived, to: .processing, through: transaction, in: tenant) else {
                throw Self.used
            }
            try await entries.setArrived(id, bytes: bytes, through: transaction, in: tenant)
        }
    }

    private static let used = Problem(
        TournamentError(.uploadUsed, "This address has been used, or its clip is gone; begin a new upload."))

    // MARK: Taking back

    /// Takes a clip away on behalf of its maker, through a transaction of somebody else's; returns as ``remove(_:through:in:)``.
    func withdraw(
        _ id: ID<Clip>, of person: ID<Person>, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws -> ID<Job>? {
        guard let found = try await clips.entered(id, through: transaction, in: tenant),
            found.clip.personID == person, found.clip.state != .removed
        else { throw Problem(TournamentError(.clipNotFound, "There is no such clip of yours.")) }
        return try await remove(found, through: transaction, in: tenant)
    }

    /// Takes a clip away: it is shown and voted on no more, its work is given up, its files go.
    ///
    /// - Returns: The job that worked on it, to be told to ``giveUp(_:in:)`` after the commit.
    func remove(
        _ found: EnteredClip, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws -> ID<Job>? {
        let clip = found.clip
        if clip.state.isPublic {
            // The slot's lock: nobody counts votes while a clip goes.
            let slot = try await house.timetable.slots.locked(clip.slotID, through: transaction, in: tenant)
            let isFree = clip.state == .active ? slot?.state.isOpenForClips : slot.map { $0.state == .locked }
            guard clip.state != .winner, isFree ?? true else {
                throw Problem(
                    TournamentError(
                        .clipSettled,
                        clip.state == .winner
                            ? "This clip has won its slot and is part of the film."
                            : "The votes of this slot are being counted; try again when its result is final."))
            }
        }
        // The task first, as whoever works on it does: then the two never wait for each other crosswise.
        var replaced: ID<Job>?
        if found.entry != nil {
            replaced = try await tasks.plan(.clear, for: clip.id, through: transaction, in: tenant)
        }
        guard try await clips.move(clip.id, by: .removed, to: .removed, through: transaction, in: tenant) else {
            throw Problem(TournamentError(.clipSettled, "This clip cannot be taken away any more."))
        }
        if clip.state.isPublic {
            try await PersonStore(storage: storage).raise(
                PersonChange(clips: -1), of: clip.personID, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: PersonDesk.tag(clip.personID)))
        }
        if found.entry != nil { try await entries.freePlace(of: clip.id, through: transaction, in: tenant) }
        for tag in [Timetable.Tag.clips(clip.slotID), Timetable.Tag.clip(clip.id)] {
            transaction.afterCommit(.invalidate(tag: tag))
        }
        return replaced
    }
}
