import Accounts
import Base
import Jobs
import Storage
import Web

/// Decides about clips: lets them compete, sends them back, takes them away.
///
/// Every decision is written down.
struct ReviewDesk: Sendable {
    let uploads: UploadDesk
    let trail: AuditTrail

    private enum Bounds {
        /// Attempts when two clips of a maker want the same place.
        static let attempts = 3
    }

    private var house: Playhouse { uploads.house }
    private var storage: Storage { house.storage }
    private var clips: ClipStore { house.timetable.clips }
    private var slots: SlotStore { house.timetable.slots }
    private var entries: ClipEntryStore { ClipEntryStore(storage: storage) }
    private var tasks: MediaTaskStore { MediaTaskStore(storage: storage) }

    // MARK: Who

    /// Makes sure that the person may decide at this moment, whatever their session says.
    func authorise(_ person: ID<Person>, in tenant: Tenant) async throws {
        guard let standing = try await uploads.register.standing(of: person, in: tenant), !standing.isBanned,
            standing.role >= .moderator
        else { throw Problem(TournamentError(.banned, "This account may not moderate here any more.")) }
    }

    // MARK: Reviews

    /// Lets a clip compete, in its slot or in the next one that takes clips.
    func approve(_ id: ID<Clip>, by person: ID<Person>, in tenant: Tenant) async throws -> Clip {
        try await authorise(person, in: tenant)
        let places = try await places(in: tenant)
        let clip = try await placed(in: tenant) { transaction in
            let found = try await pending(id, through: transaction, in: tenant)
            let clip = try await enter(found, by: .approved, places: places, through: transaction, in: tenant)
            try await entries.setVerdict(
                .approved, nil, by: person, at: house.clock.now(), of: id, through: transaction, in: tenant)
            try await trail.append(
                "clip.approved", by: .person(person), on: ("clip", id.description), ["slot": clip.slotID.description],
                for: tenant, in: transaction)
            try await house.notices.notify(
                [clip.personID], .clipReviewed, .approved(clip), for: tenant, in: transaction)
            return clip
        }
        house.boards.keeper.touch([clip.slotID])
        return clip
    }

    /// Sends a clip back with a reason.
    func reject(_ id: ID<Clip>, because reason: String, by person: ID<Person>, in tenant: Tenant) async throws -> Clip {
        try await authorise(person, in: tenant)
        let now = house.clock.now()
        let (clip, replaced) = try await storage.write(for: tenant) { transaction in
            var clip = try await pending(id, through: transaction, in: tenant).clip
            // The task first, as whoever works on it does.
            let replaced = try await tasks.plan(.clear, for: id, through: transaction, in: tenant)
            guard try await clips.move(id, by: .rejected, to: .rejected, through: transaction, in: tenant) else {
                throw Self.reviewed
            }
            clip.state = .rejected
            try await entries.setVerdict(
                .rejected, reason, by: person, at: now, of: id, through: transaction, in: tenant)
            try await trail.append(
                "clip.rejected", by: .person(person), on: ("clip", id.description), ["reason": reason], for: tenant,
                in: transaction)
            try await house.notices.notify(
                [clip.personID], .clipReviewed, .rejected(clip, because: reason), for: tenant, in: transaction)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.clip(id)))
            return (clip, replaced)
        }
        uploads.giveUp(replaced, in: tenant)
        return clip
    }

    /// Takes a clip away: one's own, or as a moderator anybody's, with a reason.
    func remove(_ id: ID<Clip>, because reason: String?, by person: ID<Person>, isModerator: Bool, in tenant: Tenant)
        async throws
    {
        let now = house.clock.now()
        let found = try await clips.entered(id, through: storage.reader(for: tenant), in: tenant)
        guard let found, found.clip.state != .removed, found.clip.personID == person || isModerator else {
            throw Problem(TournamentError(.clipNotFound, "There is no such clip of yours."))
        }
        let isOwn = found.clip.personID == person
        if !isOwn { try await authorise(person, in: tenant) }
        let replaced = try await storage.write(for: tenant) { transaction in
            guard let found = try await clips.entered(id, through: transaction, in: tenant) else {
                throw Problem(TournamentError(.clipNotFound, "There is no such clip."))
            }
            let replaced = try await uploads.remove(found, through: transaction, in: tenant)
            guard !isOwn else { return replaced }
            try await entries.setVerdict(
                .removed, reason, by: person, at: now, of: id, through: transaction, in: tenant)
            try await trail.append(
                "clip.removed", by: .person(person), on: ("clip", id.description), ["reason": reason ?? ""],
                for: tenant, in: transaction)
            return replaced
        }
        uploads.giveUp(replaced, in: tenant)
        house.boards.keeper.touch([found.clip.slotID])
    }

    private func pending(
        _ id: ID<Clip>, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws -> EnteredClip {
        guard let found = try await clips.entered(id, through: transaction, in: tenant), found.clip.state != .removed
        else { throw Problem(TournamentError(.clipNotFound, "There is no such clip.")) }
        guard found.clip.state == .pending else { throw Self.reviewed }
        return found
    }

    private static let reviewed = Problem(
        TournamentError(.clipReviewed, "This clip does not wait for a review; somebody else may have decided already."))

    // MARK: Entering the competition

    /// Lets a clip compete: by a moderator's word, or by its maker's record.
    ///
    /// It starts as often shown as those that are there are by now, so that it is neither hidden nor pushed.
    func enter(
        _ found: EnteredClip, by event: Clip.Event, places: Int, through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws -> Clip {
        let now = house.clock.now()
        let slot = try await slot(for: found, places: places, at: now, through: transaction, in: tenant)
        var sampler = ExposureSampler()
        sampler.refresh(try await clips.exposures(of: slot.id, through: transaction, in: tenant))
        guard
            try await clips.activate(
                found.clip.id, by: event, in: slot.id, at: now, base: sampler.medianLevel, through: transaction,
                tenant: tenant)
        else { throw Self.reviewed }
        try await PersonStore(storage: storage).raise(
            PersonChange(clips: 1), of: found.clip.personID, through: transaction, in: tenant)
        transaction.afterCommit(.invalidate(tag: PersonDesk.tag(found.clip.personID)))
        if slot.state == .waiting {
            try await slots.wake(slot.id, at: now, through: transaction, in: tenant)
            try transaction.enqueue(SlotJobs.advance, slot.id)
        }
        for tag in [Timetable.Tag.clips(slot.id), Timetable.Tag.clip(found.clip.id)] {
            transaction.afterCommit(.invalidate(tag: tag))
        }
        var clip = Clip(
            id: found.clip.id, seasonID: found.clip.seasonID, trackID: found.clip.trackID, slotID: slot.id,
            personID: found.clip.personID, title: found.clip.title, credit: found.clip.credit,
            genre: found.clip.genre, state: .active, activeAt: now, files: found.clip.files,
            milliseconds: found.clip.milliseconds, bytes: found.clip.bytes)
        clip.state = .active
        return clip
    }

    /// How many clips a maker may have in a slot.
    func places(in tenant: Tenant) async throws -> Int {
        try await house.timetable.programme(in: tenant)?.season.rules.clipsPerPerson ?? SeasonRules().clipsPerPerson
    }

    /// The clip's own slot, locked so that nobody closes it meanwhile; else the next one in which its maker has room.
    private func slot(
        for found: EnteredClip, places: Int, at now: Timestamp, through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws -> Slot {
        guard let own = try await slots.locked(found.clip.slotID, through: transaction, in: tenant) else {
            throw Problem(TournamentError(.notFound, "The clip's slot is gone."))
        }
        if own.takesClips(at: now) { return own }
        let later = try await slots.entrances(
            of: own.trackID, from: own.position + 1, limit: UploadDesk.Bounds.slotsAhead, through: transaction,
            in: tenant)
        for slot in later {
            guard let slot = try await slots.locked(slot.id, through: transaction, in: tenant), slot.takesClips(at: now)
            else { continue }
            guard let entry = found.entry else { return slot }
            if try await entries.move(entry, to: slot.id, places: places, through: transaction, in: tenant) {
                return slot
            }
        }
        throw Problem(TournamentError(.slotClosed, "No later slot takes this clip."))
    }

    /// Runs a transaction again when another clip of the same maker took the place that this one was to get.
    func placed<Result: Sendable>(
        in tenant: Tenant, _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await storage.write(for: tenant, body)
            } catch let error as StorageError where error.code == .uniqueViolation && attempt < Bounds.attempts {
                attempt += 1
            }
        }
    }
}
