import Base
import InboxVendors
import Jobs
import Storage
import Telemetry

/// Sends what is queued of a conversation, in the order of the thread.
struct SendSteps: Sendable {
    enum Bounds {
        /// Messages that one run sends; the next run goes on.
        static let perRun = 20
    }

    let storage: Storage
    let channels: ChannelDesk
    let topics: InboxTopics
    let files: FileDesk
    let names: NameKeeper
    let clock: any WallClock
    let events: EventLog

    private var store: ReplyStore { ReplyStore(storage: storage) }
    private var conversations: ConversationStore { ConversationStore(storage: storage) }
    private var contacts: ContactStore { ContactStore(storage: storage) }

    /// What a look at a conversation has found to do.
    private enum Next: Sendable {
        case send(Message, Conversation, user: String)
        case goOn
        case wait(Timestamp)
        case nothing
    }

    /// Sends until nothing is left or something has to be waited for; then another run is enqueued.
    func send(_ id: ID<Conversation>, in tenant: Tenant) async throws {
        for _ in 0..<Bounds.perRun {
            switch try await next(id, in: tenant) {
            case .nothing: return
            case .goOn: continue
            case .wait(let time): return try await again(id, at: time, in: tenant)
            case .send(let message, let head, let user):
                if let time = try await send(message, head, to: user, in: tenant) {
                    return try await again(id, at: time, in: tenant)
                }
            }
        }
        try await again(id, at: clock.now(), in: tenant)
    }

    private func again(_ id: ID<Conversation>, at time: Timestamp, in tenant: Tenant) async throws {
        let wait = max(.milliseconds(10), time - clock.now())
        try await storage.write(for: tenant) { transaction in
            try InboxJobs.send(id, after: wait, in: transaction)
        }
    }

    private func machine(_ kind: ChannelKind) -> SendMachine {
        SendMachine(now: clock.now(), hasEchoes: kind.hasEchoes)
    }

    /// Decides what is next and takes it: whoever sends has said so before the vendor is asked.
    private func next(_ id: ID<Conversation>, in tenant: Tenant) async throws -> Next {
        try await storage.write(for: tenant) { transaction in
            guard let head = try await conversations.locked(id, through: transaction, in: tenant) else {
                return .nothing
            }
            let open = try await channels.channel(head.channelID, in: tenant)
            let channel = open.channel
            let leaving = try await store.leaving(id, limit: 1, through: transaction, in: tenant)
            switch machine(channel.kind).next(of: leaving) {
            case .nothing: return .nothing
            case .wait(let time): return .wait(time)
            case .giveUp(let message, let failure):
                try await fail(message, failure, channel, in: tenant, transaction)
                return .goOn
            case .send(var message):
                guard author(of: message, head, open.adapter.rules) != nil else {
                    try await fail(message, "windowClosed", channel, in: tenant, transaction)
                    return .goOn
                }
                guard let user = try await contacts.user(of: head.pointID, through: transaction, in: tenant) else {
                    try await fail(message, "contactGone", channel, in: tenant, transaction)
                    return .goOn
                }
                let former = message.delivery
                message.attempts += 1
                message.triedAt = clock.now()
                let taken = try await store.settle(
                    message, as: .sending, from: [former], through: transaction, in: tenant)
                guard let taken else { return .goOn }
                try topics.publish(changed: [taken], of: id, in: transaction)
                return .send(taken, head, user: user)
            }
        }
    }

    /// As whom a message may be sent now; `nil` when the vendor would not take it.
    private func author(
        of message: Message, _ head: Conversation, _ rules: ChannelRules
    ) -> OutboundMessage.Author? {
        switch rules.standing(lastCustomerAt: head.lastCustomerAt, at: clock.now()) {
        case .open: message.role == .bot ? .bot : .person
        case .peopleOnly: message.role == .bot ? nil : .personAfterWindow
        case .closed: nil
        }
    }

    private func fail(
        _ message: Message, _ failure: String, _ channel: Channel, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws {
        var message = message
        message.failure = failure
        let failed = try await store.settle(
            message, as: .failed, from: [.queued, .sending, .unknown], through: transaction, in: tenant)
        guard let failed else { return }
        try topics.publish(changed: [failed], of: message.conversationID, in: transaction)
        events.record(.messageFailed, ["kind": .text(channel.kind.rawValue), "reason": .text(failure)])
    }

    /// Asks the vendor and writes what it says; returns when to look again, if the others have to wait.
    private func send(
        _ message: Message, _ head: Conversation, to user: String, in tenant: Tenant
    ) async throws -> Timestamp? {
        let open = try await channels.channel(head.channelID, in: tenant)
        let start = clock.uptime()
        let outcome: SendOutcome
        if let content = content(of: message, open.channel, in: tenant) {
            let outbound = OutboundMessage(
                to: user, content, by: author(of: message, head, open.adapter.rules) ?? .bot,
                reference: message.id.description)
            outcome = await open.adapter.send(outbound, over: open.line)
        } else {
            outcome = .refusedForGood(SendRefusal(.mediaRefused, code: "inbox.noPublicAddress"))
        }
        let effect = machine(open.channel.kind).effect(of: outcome, on: message)
        do {
            return try await note(effect, message, head, open, took: clock.uptime() - start, in: tenant)
        } catch let error as StorageError where error.code == .uniqueViolation {
            // Its echo came first and was taken for a message that somebody wrote at the vendor's.
            guard case .sent(let externalID) = effect else { throw error }
            try await storage.write(for: tenant) { transaction in
                _ = try await conversations.locked(head.id, through: transaction, in: tenant)
                let echo = try await store.release(
                    externalID, at: open.channel.id, through: transaction, in: tenant)
                if let echo {
                    try topics.publish(changed: [echo], of: head.id, in: transaction)
                    try transaction.find([echo])
                }
                try await settle(effect, message, head, names: [:], open, in: tenant, transaction)
                try await refreshPreview(of: head.id, in: tenant, transaction)
            }
            return nil
        }
    }

    /// What is sent: the file of a message, else its text; `nil` when the vendor could not fetch the file.
    private func content(
        of message: Message, _ channel: Channel, in tenant: Tenant
    ) -> OutboundMessage.Content? {
        guard let file = message.files.first(where: { $0.id != nil }), let id = file.id else {
            return .text(message.body)
        }
        let kind = OutboundMedia.Kind(rawValue: file.kind) ?? .file
        // A visitor reads it from us, as whoever they are.
        guard channel.kind != .widget else {
            return .media(OutboundMedia(kind, at: WidgetNote.filePrefix + id.description))
        }
        return files.address(for: id, in: tenant).map { .media(OutboundMedia(kind, at: $0, caption: message.body)) }
    }

    private func note(
        _ effect: SendMachine.Effect, _ message: Message, _ head: Conversation, _ open: OpenChannel, took: Duration,
        in tenant: Tenant
    ) async throws -> Timestamp? {
        let kind = EventValue.text(open.channel.kind.rawValue)
        // A visitor is told who writes.
        let people = head.pointID.isVisitor ? message.personID.map { [$0] } ?? [] : []
        let names = try await names.names(of: people, in: tenant)
        try await storage.write(for: tenant) { transaction in
            _ = try await conversations.locked(message.conversationID, through: transaction, in: tenant)
            try await settle(effect, message, head, names: names, open, in: tenant, transaction)
        }
        switch effect {
        case .sent: events.record(.messageSent, took: took, ["kind": kind, "took": .time(took)])
        case .failed(let reason): events.record(.messageFailed, ["kind": kind, "reason": .text(reason)])
        case .queued(let time), .held(let time): return time
        case .moved: return clock.now()
        case .unknown:
            events.record(.messageUncertain, ["kind": kind])
            return clock.now() + SendMachine.Bounds.echo
        }
        return nil
    }

    private func settle(
        _ effect: SendMachine.Effect, _ message: Message, _ head: Conversation, names: [ID<Person>: String],
        _ open: OpenChannel, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws {
        var message = message
        let delivery: Message.Delivery
        switch effect {
        case .sent(let externalID):
            message.externalID = externalID
            delivery = .sent
            if open.channel.health != .good {
                try await channels.note(.good, of: open.channel, through: transaction, in: tenant)
            }
        case .failed(let reason):
            message.failure = reason
            delivery = .failed
        case .queued(let time):
            message.sendAfter = time
            delivery = .queued
        case .unknown: delivery = .unknown
        case .moved(let user):
            message.sendAfter = nil
            delivery = .queued
            try await moved(to: user, message, open, in: tenant, transaction)
        case .held(let time):
            message.sendAfter = time
            delivery = .queued
            try await channels.note(
                .tokenExpired, "The vendor asks to sign in again.", of: open.channel, through: transaction, in: tenant)
        }
        // An echo that has come meanwhile has said that it was sent.
        let settled = try await store.settle(
            message, as: delivery, from: [.sending], through: transaction, in: tenant)
        guard let settled else { return }
        try topics.publish(changed: [settled], of: message.conversationID, in: transaction)
        try topics.show([settled], of: head, names: names, in: transaction)
    }

    private func moved(
        to user: String, _ message: Message, _ open: OpenChannel, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws {
        let head = try await conversations.conversation(message.conversationID, through: transaction, in: tenant)
        guard let head, let former = try await contacts.user(of: head.pointID, through: transaction, in: tenant) else {
            return
        }
        try await contacts.move(former, to: user, at: open.channel.id, through: transaction, in: tenant)
    }

    private func refreshPreview(
        of id: ID<Conversation>, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws {
        guard var head = try await conversations.locked(id, through: transaction, in: tenant) else { return }
        let newest = try await MessageStore(storage: storage).newestShown(of: head, through: transaction, in: tenant)
        head.preview = newest.map(Conversation.Preview.init) ?? Conversation.Preview()
        try await conversations.update(head, through: transaction, in: tenant)
    }
}

extension SendSteps {
    /// Shows the customer of a conversation that somebody is typing; nothing is lost if that fails.
    ///
    /// - Throws: `inbox.notFound`.
    func showTyping(in id: ID<Conversation>, of tenant: Tenant) async throws {
        let reader = storage.reader(for: tenant)
        let found = try await ConversationStore(storage: storage).conversation(id, through: reader, in: tenant)
        guard let head = found else { throw InboxError.missing("conversation") }
        guard !head.pointID.isVisitor else { return topics.tellTyping(to: head.pointID, in: tenant) }
        let user = try await ContactStore(storage: storage).user(of: head.pointID, through: reader, in: tenant)
        guard let user else { return }
        let open = try await channels.channel(head.channelID, in: tenant)
        await open.adapter.show(.typing, to: user, over: open.line)
    }
}
