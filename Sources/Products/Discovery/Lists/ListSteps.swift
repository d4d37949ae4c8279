import Base
import Storage

/// Work on whole lists, in steps of 500 entries that each leave the list true and may be repeated.
struct ListSteps: Sendable {
    enum Bounds {
        /// Entries of one step.
        static let step = 500
        /// Entries that are read at once where their order is needed.
        static let read = 5_000
        /// Creators of a selection that is added.
        static let selected = 50_000
    }

    let storage: Storage
    let lists: ListDesk
    let entries: EntryDesk
    let exports: ExportStore
    let live: ListTopics
    let clock: any WallClock
    let randomness: any Randomness

    // MARK: Selections

    /// Adds everything of a selection up to where it reaches now; stops when the list is full or the work is cancelled.
    ///
    /// - Returns: how the creators are accounted for.
    @discardableResult
    func add(
        _ selection: Selection, in tenant: Tenant, isCancelled: () -> Bool = { false },
        progress: (Int, Int) async throws -> Void = { _, _ in }
    ) async throws -> AddedEntries {
        let segment = try await segment(of: selection, in: tenant)
        var total = AddedEntries()
        var position: Int64 = 0
        var seen = 0
        while seen < Bounds.selected, !isCancelled() {
            let rows = try await exports.creators(
                segment, selection.filter, after: position, limit: Bounds.step, in: tenant)
            guard let last = rows.last else { break }
            let now = clock.now()
            let step = try await storage.write(for: tenant) { transaction in
                try await entries.add(
                    rows.map(\.creator), to: selection.list, bucket: selection.bucket, by: selection.asker, at: now,
                    transaction, tenant)
            }
            total.added += step.added
            total.alreadyThere += step.alreadyThere
            total.unknown += step.unknown
            total.refused += step.refused
            position = last.sequence
            seen += rows.count
            await live.publish(.changed, to: selection.list, by: nil, in: tenant)
            try await progress(seen, max(seen, min(Bounds.selected, Int(segment.mark))))
            if step.refused > 0 || rows.count < Bounds.step { break }
        }
        let result = total
        if result.added > 0 {
            let now = clock.now()
            try await storage.write(for: tenant) { transaction in
                try ListJobs.record(
                    Activity(
                        id: ID(at: now, using: randomness), listID: selection.list, creatorID: nil,
                        personID: selection.asker.person, event: .added,
                        detail: Wording.count(result.added, "creator"), at: now), in: transaction)
            }
        }
        return result
    }

    private func segment(of selection: Selection, in tenant: Tenant) async throws -> ExportPlan.Segment {
        let segment = selection.segment(upTo: 0)
        let found = try await exports.segments(
            of: segment.source, segment.id, MatchFilter(), for: selection.asker, in: tenant)
        guard let found = found.first else { throw DiscoveryError.missing("selection") }
        return found.segment
    }

    // MARK: Boards

    /// Gives all cards of a bucket ranks that are short again, in the order in which they stand.
    ///
    /// The order is read first, then written in steps. A card that is moved meanwhile keeps the place it was given, and
    /// whoever looks while the steps run may see some cards out of order until the last one is told.
    func respace(_ work: BoardWork, in tenant: Tenant) async throws {
        guard let bucket = work.bucket else { return }
        var cards: [ListEntry] = []
        while cards.count < CreatorList.Bounds.entries {
            let place = cards.last.map { (rank: $0.rank, id: $0.id) }
            let some = try await entries.store.some(
                of: work.list, bucket: bucket, after: place, limit: Bounds.read,
                through: storage.reader(for: tenant), in: tenant)
            cards += some
            if some.count < Bounds.read { break }
        }
        for start in stride(from: 0, to: cards.count, by: Bounds.step) {
            let placed = cards[start..<min(start + Bounds.step, cards.count)].enumerated().map { offset, entry in
                var entry = entry
                entry.rank = .spaced(start + offset)
                return entry
            }
            try await storage.write(for: tenant) { transaction in
                try await entries.store.rank(placed, through: transaction, in: tenant)
            }
        }
        await live.publish(.changed, to: work.list, by: nil, in: tenant)
    }

    /// Puts the cards of a board into the buckets of another field, in steps; the board stands still meanwhile.
    func regroup(_ list: ID<CreatorList>, in tenant: Tenant) async throws {
        while try await regroupStep(list, in: tenant) {}
        await live.publish(.changed, to: list, by: nil, in: tenant)
    }

    /// One step; `false` when there is nothing left to do.
    func regroupStep(_ id: ID<CreatorList>, in tenant: Tenant) async throws -> Bool {
        try await storage.write(for: tenant) { transaction in
            guard
                let (list, upto) = try await lists.store.regrouping(id, through: transaction, in: tenant),
                let field = list.regroupTo, let options = list.fields.first(where: { $0.key == field })?.options
            else { return false }
            let some = try await entries.store.some(
                of: id, after: upto, limit: Bounds.step, through: transaction, in: tenant)
            var change = TotalsChange()
            let placed = some.map { entry in
                var entry = entry
                let followers = entry.followers ?? 0
                let target =
                    entry.fields[field].flatMap { options.contains($0) ? $0 : nil } ?? options.first ?? entry.bucket
                change.add(-1, followers: -followers, to: entry.bucket)
                change.add(1, followers: followers, to: target)
                entry.fields[list.bucketField] = entry.bucket
                entry.fields[field] = nil
                entry.bucket = target
                return entry
            }
            try await entries.store.place(placed, through: transaction, in: tenant)
            try await entries.store.apply(change, to: id, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(id)))
            if some.count == Bounds.step, let last = some.last {
                try await lists.store.advance(id, upto: last.sequence, through: transaction, in: tenant)
                return true
            }
            try await lists.store.finishRegrouping(list, options, through: transaction, in: tenant)
            return false
        }
    }
}
