import Base
import InboxVendors
import Jobs
import Storage
import Telemetry

/// Works kept deliveries off: each message once, in the thread of its customer, whatever is delivered twice, late or out of
/// order.
struct IngestSteps: Sendable {
    /// Commits the effect of a job together with its completion.
    typealias Commit =
        @Sendable (@Sendable (WriteTransaction) async throws -> [Conversation]) async throws ->
        [Conversation]

    enum Bounds {
        /// How far back vendors are asked for what they never delivered.
        static let recent: Duration = .seconds(3_600)
    }

    let storage: Storage
    let channels: ChannelDesk
    let topics: InboxTopics
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    private var receipts: ReceiptStore { ReceiptStore(storage: storage) }
    private var contacts: ContactStore { ContactStore(storage: storage) }
    private var conversations: ConversationStore { ConversationStore(storage: storage) }
    private var messages: MessageStore { MessageStore(storage: storage) }

    /// Works off what waits of a conversation.
    ///
    /// - Parameters:
    ///   - key: which conversation.
    ///   - tenant: whose.
    ///   - isLastAttempt: whether what fails now is given up.
    ///   - commit: commits with the job's end; called once, for the last part.
    /// - Throws: errors of storage, at which the job is tried again.
    func ingest(
        _ key: ConversationKey, in tenant: Tenant, isLastAttempt: Bool, commit: Commit
    ) async throws {
        let open = try await channels.channel(key.channel, in: tenant)
        var isMore = true
        while isMore {
            let waiting = try await receipts.waiting(key, limit: Receipt.Bounds.batch, in: tenant)
            isMore = waiting.count == Receipt.Bounds.batch
            do {
                try await ingest(waiting, open, in: tenant, commit: isMore ? storing(in: tenant) : commit)
            } catch let error as StorageError where isLastAttempt {
                try await storage.write(for: tenant) { transaction in
                    try await receipts.bury(
                        waiting.map(\.id), error.code.rawValue, at: clock.now(), through: transaction, in: tenant)
                }
                tellBuried(waiting.count, error.code.rawValue, open.channel, in: tenant)
                throw error
            }
        }
    }

    /// Asks a vendor that tells what was said within the last hour, and takes in what was never delivered.
    ///
    /// - Returns: how many conversations have changed.
    /// - Throws: `JobFailure` when the vendor is to be asked later; errors of storage.
    @discardableResult
    func reconcile(_ id: ID<Channel>, in tenant: Tenant) async throws -> Int {
        let open = try await channels.channel(id, in: tenant)
        let entries: [InboundEntry]
        do throws(VendorFailure) {
            entries = try await open.adapter.recent(since: clock.now() - Bounds.recent, over: open.line) ?? []
        } catch {
            return try await settle(error, open, in: tenant)
        }
        var changed: Set<ID<Conversation>> = []
        // The newest come first; threads are written from the oldest on.
        let oldestFirst = Array(entries.reversed())
        for start in stride(from: 0, to: oldestFirst.count, by: Receipt.Bounds.batch) {
            let some = oldestFirst[start..<min(start + Receipt.Bounds.batch, oldestFirst.count)]
            let plan = IngestPlan(recent: some, now: clock.now())
            let heads = try await trying(plan, open, in: tenant, commit: storing(in: tenant))
            for head in heads {
                topics.tell(head, in: tenant)
                changed.insert(head.id)
            }
        }
        return changed.count
    }

    private func settle(_ failure: VendorFailure, _ open: OpenChannel, in tenant: Tenant) async throws -> Int {
        switch failure {
        case .tokenExpired:
            try await storage.write(for: tenant) { transaction in
                try await channels.note(
                    .tokenExpired, "The vendor asks to sign in again.", of: open.channel, through: transaction,
                    in: tenant)
            }
            return 0
        case .tryAgain(let pause): throw JobFailure.throttled(after: pause)
        case .refused(let code): throw JobFailure.permanent("the vendor refuses with \(code)")
        case .unreadable: throw JobFailure.retry(after: .seconds(60), "the vendor's answer cannot be read")
        case .cancelled: throw CancellationError()
        }
    }

    private func storing(in tenant: Tenant) -> Commit {
        { body in try await storage.write(for: tenant) { try await body($0) } }
    }

    private func tellBuried(_ count: Int, _ reason: String, _ channel: Channel, in tenant: Tenant) {
        for _ in 0..<count {
            events.record(.deliveryBuried, ["kind": .text(channel.kind.rawValue), "reason": .text(reason)])
        }
        topics.noteTraffic(at: channel.id, in: tenant)
    }

    private func ingest(
        _ waiting: [Receipt], _ open: OpenChannel, in tenant: Tenant, commit: Commit
    ) async throws {
        let plan = IngestPlan(waiting, now: clock.now()) { delivery throws(DeliveryFault) in
            try open.adapter.entries(of: delivery)
        }
        let heads = try await trying(plan, open, in: tenant, commit: commit)
        for head in heads { topics.tell(head, in: tenant) }
        topics.noteTraffic(at: open.channel.id, in: tenant)
        for reason in plan.skipped {
            events.record(.entrySkipped, ["kind": .text(open.channel.kind.rawValue), "reason": .text(reason)])
        }
        for (_, reason) in plan.unreadable { tellBuried(1, reason, open.channel, in: tenant) }
        if let first = waiting.first {
            let lag = clock.now() - first.receivedAt
            events.record(
                .deliveryIngested, took: lag,
                [
                    "kind": .text(open.channel.kind.rawValue), "messages": .number(plan.parts.count),
                    "lag": .time(lag),
                ])
        }
    }

    /// Two workers may meet a new customer at once: the second finds what the first has made.
    private func trying(
        _ plan: IngestPlan, _ open: OpenChannel, in tenant: Tenant, commit: Commit
    ) async throws -> [Conversation] {
        do {
            return try await commit { try await carryOut(plan, open, in: tenant, $0) }
        } catch let error as StorageError where error.code == .uniqueViolation {
            return try await commit { try await carryOut(plan, open, in: tenant, $0) }
        }
    }

    private func carryOut(
        _ plan: IngestPlan, _ open: OpenChannel, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> [Conversation] {
        var heads: [Conversation] = []
        // In the order of the customers, so that two workers cannot wait for each other.
        for part in plan.parts.sorted(by: { $0.user < $1.user }) {
            if let head = try await carryOut(part, open, in: tenant, transaction) { heads.append(head) }
        }
        for (id, reason) in plan.unreadable {
            try await receipts.bury(
                [id], reason.firstScalars(Receipt.Bounds.reasonCharacters), at: clock.now(), through: transaction,
                in: tenant)
        }
        try transaction.add(plan.receipts, to: ReceiptOutbox.self)
        return heads
    }

    // MARK: One customer

    private func carryOut(
        _ part: IngestPlan.Part, _ open: OpenChannel, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Conversation? {
        var part = part
        if let user = part.movedTo {
            try await contacts.move(part.user, to: user, at: open.channel.id, through: transaction, in: tenant)
        }
        guard var work = try await begin(&part, open, in: tenant, transaction) else { return nil }
        var appended = try await append(part, to: &work, in: tenant, transaction)
        appended += try await note(part.signs, in: &work, in: tenant, transaction)
        var changed: [Message] = []
        for change in part.changes {
            if let message = try await apply(change, to: &work, in: tenant, transaction) { changed.append(message) }
        }
        for mark in part.marks {
            let delivery = mark.kind == .read ? Message.Delivery.read : .delivered
            guard let covered = mark.mark else { continue }
            let ids = try await messages.mark(
                delivery, covered, of: work.head, through: transaction, in: tenant)
            try topics.publish(delivery, ids, of: work.head.id, in: transaction)
        }
        try topics.publish(changed: changed, of: work.head.id, in: transaction)
        try transaction.find(changed)
        // What was written and changed at once is told and found as it is now.
        appended = appended.map { message in changed.last { $0.id == message.id } ?? message }
        guard work.isNew || !appended.isEmpty || work.isChanged else { return nil }
        try await conversations.update(work.head, through: transaction, in: tenant)
        try topics.publish(appended + work.late, work.head, in: transaction)
        if work.head.bot == .active, !part.isStandby, appended.contains(where: { $0.role == .customer }) {
            // A first question may have an answer already, and who looks on sees that one is being written.
            let isAtOnce = work.head.customerTotal == 1 || work.channel.kind == .widget
            try InboxJobs.botTurn(
                work.head.id, after: isAtOnce ? nil : BotPolicy.Bounds.pause, in: transaction)
        }
        try transaction.tally(tallies(of: appended + work.late, work))
        return work.head
    }

    /// A conversation that is being worked on.
    private struct Work {
        let channel: Channel
        let rules: ChannelRules
        let now: Timestamp
        var head: Conversation
        var isNew = false
        var isOpened = false
        var isChanged = false
        /// Messages of which the customer's change came before they did.
        var late: [Message] = []
    }

    /// Finds, opens or makes the conversation; `nil` when there is none and nothing to begin one with.
    private func begin(
        _ part: inout IngestPlan.Part, _ open: OpenChannel, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Work? {
        let now = clock.now()
        let channel = open.channel
        let user = part.movedTo ?? part.user
        if let known = try await contacts.point(of: user, at: channel.id, through: transaction, in: tenant) {
            return try await goOn(known.point, known.name, &part, open, at: now, in: tenant, transaction)
        }
        guard !part.entries.isEmpty || !part.changes.isEmpty else { return nil }
        let name = (part.profile?.name).flatMap { $0.trimmed.isEmpty ? nil : $0.trimmed } ?? Contact.nameless
        let contact = Contact(
            id: ID(at: now, using: randomness), name: name.firstScalars(Contact.Bounds.nameCharacters), email: nil,
            phone: nil, locale: part.profile?.locale, fields: [:], mergedInto: nil, createdAt: now, version: 1)
        let isVisitor = channel.kind == .widget
        let point = ContactPoint(
            id: isVisitor ? .visitor(user, at: channel.id) : ID(at: now, using: randomness), contactID: contact.id,
            channelID: channel.id, externalUserID: user)
        try await contacts.insert(
            contact, point, picture: part.profile?.picture, through: transaction, in: tenant)
        if !isVisitor { try InboxJobs.introduce(point.id, in: transaction) }
        return try await make(point, contact.name, open, at: now, in: tenant, transaction)
    }

    /// Goes on with somebody who is known.
    private func goOn(
        _ point: ContactPoint, _ name: String, _ part: inout IngestPlan.Part, _ open: OpenChannel, at now: Timestamp,
        in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Work? {
        let channel = open.channel
        let rules = open.adapter.rules
        let head = try await conversations.locked(of: point.id, through: transaction, in: tenant)
        if let head, head.state == .open { return Work(channel: channel, rules: rules, now: now, head: head) }
        // What comes a second time wakes nobody and opens nothing.
        let known = try await messages.known(
            part.entries.compactMap(\.externalId), at: channel.id, through: transaction, in: tenant)
        part.entries.removeAll { $0.externalId.map(known.contains) ?? false }
        let speaks = part.entries.contains { $0.kind == .message }
        if var head, mayGoOn(head, at: now, speaks: speaks) {
            var work = Work(channel: channel, rules: rules, now: now, head: head)
            if speaks {
                work.isOpened = head.state == .closed
                head.reopen(at: now, isBotFirst: channel.isBotFirst)
                work.head = head
                work.isChanged = true
            }
            return work
        }
        guard speaks || head == nil && !part.entries.isEmpty else { return nil }
        return try await make(point, name, open, at: now, in: tenant, transaction)
    }

    /// What is not closed goes on; what is closed takes in echoes and changes, and opens again for a while.
    private func mayGoOn(_ head: Conversation, at now: Timestamp, speaks: Bool) -> Bool {
        guard head.state == .closed, speaks else { return true }
        return now - (head.closedAt ?? head.lastMessageAt) < Conversation.Bounds.reopening
    }

    private func make(
        _ point: ContactPoint, _ name: String, _ open: OpenChannel, at now: Timestamp, in tenant: Tenant,
        _ transaction: WriteTransaction
    ) async throws -> Work {
        let channel = open.channel
        let head = Conversation(
            id: ID(at: now, using: randomness), contactID: point.contactID, pointID: point.id, channelID: channel.id,
            contactName: name, state: .open, bot: channel.isBotFirst ? .active : .off, lastMessageAt: now,
            openedAt: now, createdAt: now)
        try await conversations.insert(head, through: transaction, in: tenant)
        var work = Work(
            channel: channel, rules: open.adapter.rules, now: now, head: head, isNew: true, isOpened: true)
        // The first message says when something was said last.
        work.head.lastMessageAt = .epoch
        return work
    }

    // MARK: Messages

    private func append(
        _ part: IngestPlan.Part, to work: inout Work, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> [Message] {
        var new: [Message] = []
        for entry in part.entries {
            if entry.kind == .echo, let id = entry.externalId, !work.isNew,
                try await messages.adopt(entry, id, of: work.head, through: transaction, in: tenant)
            {
                continue
            }
            var message = message(entry, in: work, role: entry.kind == .echo ? .agent : .customer)
            if work.channel.kind == .widget {
                message.files = try await uploads(message, of: part.user, in: tenant, transaction)
            }
            new.append(message)
        }
        let written = try await write(new, to: &work, in: tenant, transaction)
        for message in written where message.files.contains(where: \.isWaiting) {
            try InboxJobs.attachments(message.id, in: transaction)
        }
        return written
    }

    /// What a visitor has uploaded for a message: a file of somebody else's is none.
    private func uploads(
        _ message: Message, of user: String, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> [MessageFile] {
        var files: [MessageFile] = []
        for file in message.files {
            guard let reference = file.reference, reference.hasPrefix(WidgetNote.filePrefix),
                let id = ID<StoredFile>(String(reference.dropFirst(WidgetNote.filePrefix.count)))
            else { continue }
            let store = FileStore(storage: storage)
            if let own = try await store.claim(id, of: user, for: message, through: transaction, in: tenant) {
                files.append(MessageFile(own))
            }
        }
        return files
    }

    private func message(_ entry: InboundEntry, in work: Work, role: Message.Role) -> Message {
        Message(
            id: ID(at: work.now, using: randomness), conversationID: work.head.id, sequence: 0,
            channelID: work.channel.id, role: role, externalID: entry.externalId, body: entry.text,
            files: entry.attachments.map(MessageFile.init), delivery: role == .agent ? .sent : .received,
            sentAt: entry.sentAt ?? work.now, createdAt: work.now)
    }

    private func write(
        _ new: [Message], to work: inout Work, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> [Message] {
        let written = try await messages.append(new, to: work.head, through: transaction, in: tenant)
        for message in written {
            work.head.take(message, window: work.rules.window)
            // Whoever answers in the vendor's own app is a person.
            if message.role == .agent { work.head.takeFromBot() }
        }
        return written
    }

    /// Writes lines about what happened to the conversation at the vendor's.
    private func note(
        _ signs: [(happening: ConversationDesk.Happening, entry: InboundEntry)], in work: inout Work,
        in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> [Message] {
        let lines = signs.map { happening, entry in
            var line = message(entry, in: work, role: .event)
            line.body = happening.rawValue
            return line
        }
        return try await write(lines, to: &work, in: tenant, transaction)
    }

    /// Carries out an edit or deletion; one that is there before its message leaves what the message will have become.
    private func apply(
        _ change: InboundEntry, to work: inout Work, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Message? {
        guard let externalID = change.externalId else { return nil }
        let time = change.sentAt ?? work.now
        let former = ID<FormerText>(at: work.now, using: randomness)
        let changed =
            change.kind == .deletion
            ? try await messages.delete(
                externalID, on: time, former: former, at: work.channel.id, through: transaction, in: tenant)
            : try await messages.edit(
                externalID, to: change.text, on: time, former: former, at: work.channel.id,
                through: transaction, in: tenant)
        if let changed {
            if change.kind == .deletion {
                try InboxJobs.forgetFiles(.message(changed.id, of: changed.conversationID), in: transaction)
            }
            if changed.conversationID == work.head.id {
                work.isChanged = true
                try await refresh(&work.head, after: changed, in: tenant, transaction)
                return changed
            }
            // A message of an earlier conversation with the same customer.
            if var other = try await conversations.locked(changed.conversationID, through: transaction, in: tenant) {
                try await refresh(&other, after: changed, in: tenant, transaction)
                try await conversations.update(other, through: transaction, in: tenant)
                try topics.publish(changed: [changed], of: other.id, in: transaction)
                try transaction.find([changed])
            }
            return nil
        }
        var early = message(change, in: work, role: .customer)
        if change.kind == .deletion {
            early.body = ""
            early.files = []
            early.deletedAt = time
        } else {
            early.editedAt = time
        }
        work.late += try await write([early], to: &work, in: tenant, transaction)
        if !work.late.isEmpty { work.isChanged = true }
        return nil
    }

    /// Shows another message in lists when it is the one that was shown that has changed.
    private func refresh(
        _ head: inout Conversation, after changed: Message, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws {
        guard changed.sequence == head.preview.sequence else { return }
        let newest = try await messages.newestShown(of: head, through: transaction, in: tenant)
        head.preview = newest.map(Conversation.Preview.init) ?? Conversation.Preview()
    }

    private func tallies(of messages: [Message], _ work: Work) -> [Tally] {
        func tally(_ kind: Tally.Kind, _ amount: Int64 = 1) -> Tally {
            Tally(kind: kind, conversation: work.head.id, channel: work.channel.id, amount: amount, at: work.now)
        }
        var tallies: [Tally] = work.isOpened ? [tally(.opened)] : []
        let inbound = messages.count { $0.role == .customer }
        if inbound > 0 { tallies.append(tally(.inbound, Int64(inbound))) }
        let replies = messages.count { $0.role == .agent }
        if replies > 0 { tallies.append(tally(.agentReply, Int64(replies))) }
        return tallies
    }
}
