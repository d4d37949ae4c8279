import Base
import Foundation
import Storage

/// An answer that was made before it was asked for.
struct PreparedAnswer: Sendable, Hashable {
    let text: String
    let sources: [AnswerSource]
    let score: Double?
}

/// Prepares answers to what is asked most, at night and whenever documents or policy have changed.
final class PreparedDesk: Sendable {
    enum Bounds {
        /// Questions of a company that are prepared.
        static let questions = 50
        /// What every company is asked.
        static let common = ["prices", "opening hours", "returns"]
        /// The hour of the night.
        static let hour = 2
        /// How long after a change it begins, so that several changes make one run.
        static let pause: Duration = .seconds(30)
    }

    let store: PreparedStore
    private let storage: Storage
    private let desk: BotDesk
    private let channels: ChannelDesk
    private let clock: any WallClock

    init(storage: Storage, desk: BotDesk, channels: ChannelDesk, clock: any WallClock) {
        self.storage = storage
        self.desk = desk
        self.channels = channels
        self.clock = clock
        store = PreparedStore(storage: storage)
    }

    /// Has those companies prepare for whom it is night.
    func enqueue() async throws {
        let now = clock.now()
        for tenant in try await channels.companies() {
            let zone = try await desk.policy(in: tenant).policy.hours.flatMap { TimeZone(identifier: $0.zone) } ?? .gmt
            guard Self.hour(of: now, in: zone) == Bounds.hour else { continue }
            try await storage.write(for: tenant) { transaction in
                try InboxJobs.prepare(after: .zero, in: transaction)
            }
        }
    }

    static func hour(of time: Timestamp, in zone: TimeZone) -> Int {
        let date = Date(timeIntervalSince1970: Double(time.seconds))
        let local = time.seconds + Int64(zone.secondsFromGMT(for: date))
        return Int(((local % 86_400) + 86_400) % 86_400 / 3_600)
    }

    /// Answers what is asked most, as far as it is not answered yet; returns how many it has answered.
    ///
    /// What the bot would hand over is not prepared: it is asked anew each time, when somebody may have written about it.
    @discardableResult
    func prepare(in tenant: Tenant) async throws -> Int {
        let numbered = try await desk.policy(in: tenant)
        let knowledge = try await store.knowledge(in: tenant)
        guard knowledge > 0 else { return 0 }
        var questions = try await desk.store.popular(limit: Bounds.questions, in: tenant)
        for text in Bounds.common {
            guard let question = Question(text), !questions.contains(where: { $0.hash == question.hash }) else {
                continue
            }
            questions.append(question)
        }
        var made = 0
        for question in questions {
            let known = try await store.answer(to: question, locale: "", policy: numbered.number, in: tenant)
            guard known == nil else { continue }
            let answer = try await desk.answer(toAnyone: question.text, numbered.policy, in: tenant)
            if case .handOver(.budget) = answer.act { return made }
            guard case .say(let text) = answer.act else { continue }
            try await store.put(
                PreparedAnswer(text: text, sources: answer.sources, score: answer.score), to: question, locale: "",
                knowledge: knowledge, policy: numbered.number, at: clock.now(), in: tenant)
            made += 1
        }
        return made
    }
}
