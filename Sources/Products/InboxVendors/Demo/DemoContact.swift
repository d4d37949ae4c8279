/// A customer of the demo.
public struct DemoContact: Sendable, Hashable {
    /// Which one, from 0.
    public let number: Int
    /// The name.
    public let name: String
    /// The address for letters; two of three have told it.
    public let email: String?
    /// The telephone; one of three has told it.
    public let phone: String?
    /// The language.
    public let locale: String
    /// The channel he writes over.
    public let channel: ChannelKind
    /// His id there.
    public let externalUserId: String
    /// The contact who is the same person on another channel, and says so by the same e-mail address.
    public let doubleOf: Int?
}

extension DemoCompany {
    /// A customer by his number, `0..<scale.contacts`; the last ones are doubles of the first.
    public func contact(_ number: Int) -> DemoContact {
        precondition((0..<scale.contacts).contains(number), "a demo has no contact \(number)")
        let firstDouble = scale.contacts - scale.doubles
        let double = number >= firstDouble ? number - firstDouble : nil
        let person = double ?? number
        let first = chance.pick(DemoWords.firstNames, person, 1)
        let last = chance.pick(DemoWords.lastNames, person, 2)
        // Who has a double has told an address, which is how it is noticed.
        let hasEmail = person < scale.doubles || chance.below(3, person, 3) < 2
        // Where there are several channels, a double is on the next one.
        let place = (chance.below(channels.count, person, 4) + (double == nil ? 0 : 1)) % channels.count
        let kind = channels[place].kind
        let digits = String(chance.bits(number, 5) % 9_000_000_000 + 1_000_000_000)
        return DemoContact(
            number: number, name: double == nil ? "\(first) \(last)" : "\(first) \(last.prefix(1)).",
            email: hasEmail ? "\(DemoWords.plain(first)).\(DemoWords.plain(last))\(person)@mail.example" : nil,
            phone: chance.below(3, person, 6) == 0 ? "+49 30 5550 \(1_000 + person)" : nil,
            locale: chance.pick(DemoWords.locales, person, 7), channel: kind,
            externalUserId: kind == .widget ? "v:\(digits)" : digits, doubleOf: double)
    }
}
