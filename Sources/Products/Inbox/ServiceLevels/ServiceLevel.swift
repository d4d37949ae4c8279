import Base

/// A promise of how soon people answer, in hours in which the company is open.
struct ServiceLevel: Sendable, Hashable {
    enum Bounds {
        /// Promises of a company.
        static let levels = 20
        static let nameCharacters = 80
        static let channels = 100
        /// Minutes of a goal; two weeks of open time.
        static let minutes = 1...20_160
        /// The part of a goal after which people are warned.
        static let warning = 0.8
    }

    let id: ID<ServiceLevel>
    var name: String
    /// Minutes until a person answers for the first time; `nil` promises nothing.
    var first: Int?
    /// Minutes until a person answers what comes after that.
    var next: Int?
    /// Minutes until the conversation is closed.
    var resolution: Int?
    /// The channels that it holds for; all when there are none.
    var channels: [ID<Channel>] = []
    /// The hours that count; the company's usual ones without.
    var hours: ID<BusinessHours>?
    let createdAt: Timestamp

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        if !(1...Bounds.nameCharacters).contains(name.unicodeScalars.count) { return "name" }
        let goals = [first, next, resolution].compactMap { $0 }
        if goals.isEmpty || !goals.allSatisfy(Bounds.minutes.contains) { return "goal" }
        return channels.count > Bounds.channels ? "channels" : nil
    }

    func goal(_ kind: SlaClock.Kind) -> Duration? {
        let minutes =
            switch kind {
            case .first: first
            case .next: next
            case .resolution: resolution
            }
        return minutes.map { .seconds(Int64($0) * 60) }
    }

    /// What holds for a channel: the first that names it, else the first that names none.
    static func level(of channel: ID<Channel>, among levels: [ServiceLevel]) -> ServiceLevel? {
        levels.first { $0.channels.contains(channel) } ?? levels.first { $0.channels.isEmpty }
    }
}
