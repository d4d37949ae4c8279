import Base
import InboxTestKit
import Testing

@testable import InboxVendors

@Suite struct DemoTests {
    private static let companies = [DemoCompany.lumenBikes, .casaVerde]

    @Test(arguments: [0, 1]) func `there is exactly as much as the scale says`(_ place: Int) {
        let company = Self.companies[place]
        let scale = company.scale
        let conversations = (0..<scale.conversations).map(company.conversation)
        #expect(conversations.reduce(0) { $0 + $1.lines.count } == scale.messages)
        #expect(conversations.allSatisfy { (3...12).contains($0.lines.count) })
        let open = conversations.filter { $0.state == .open || $0.state == .pressing }
        #expect(open.count == scale.open)
        #expect(conversations.filter { $0.state == .pressing }.count == scale.pressing)
        #expect(conversations.filter { $0.state == .snoozed }.count == scale.snoozed)
        #expect(open.filter { $0.assignee == nil }.count == scale.unassigned)
        #expect(conversations.filter { $0.state == .snoozed }.allSatisfy { $0.assignee != nil })
    }

    @Test func `Lumen Bikes is as large as its demo is told to be`() {
        let scale = DemoCompany.lumenBikes.scale
        #expect(scale.contacts == 1_200 && scale.conversations == 2_400 && scale.messages == 19_000)
        #expect(DemoCompany.lumenBikes.documentCount == 40)
        #expect(DemoCompany.lumenBikes.documentCount * DemoCompany.sectionCount == 600)
        #expect(DemoCompany.lumenBikes.replies.count == 35)
        #expect(DemoCompany.lumenBikes.rules.count == 6)
        #expect(DemoCompany.lumenBikes.channels.filter { $0.tokenDays == 3 }.count == 1)
    }

    @Test(arguments: [0, 1]) func `nobody has two conversations at once`(_ place: Int) {
        let company = Self.companies[place]
        let waiting = (0..<company.scale.open + company.scale.snoozed).map { company.conversation($0).contact }
        #expect(Set(waiting).count == waiting.count)
    }

    @Test(arguments: [0, 1]) func `lines follow each other, within a quarter, the customer first`(_ place: Int) {
        let company = Self.companies[place]
        for number in 0..<company.scale.conversations {
            let conversation = company.conversation(number)
            let times = conversation.lines.map(\.secondsAgo)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 > $1 }, "conversation \(number)")
            #expect(times.allSatisfy { (1...92 * 86_400).contains($0) }, "conversation \(number)")
            #expect(conversation.lines.first?.role == .customer)
            if conversation.state == .closed { #expect(times.last ?? 0 >= 86_400, "conversation \(number)") }
            // No bot speaks after a person has.
            let firstAgent = conversation.lines.firstIndex { $0.role == .agent } ?? conversation.lines.count
            #expect(!conversation.lines[firstAgent...].contains { $0.role == .bot }, "conversation \(number)")
        }
    }

    @Test func `doubles say the same address on another channel, and nobody else does`() {
        let company = DemoCompany.lumenBikes
        let contacts = (0..<company.scale.contacts).map(company.contact)
        #expect(contacts.filter { $0.doubleOf != nil }.count == 9)
        for double in contacts {
            guard let number = double.doubleOf else { continue }
            #expect(double.email != nil && double.email == contacts[number].email)
            #expect(double.channel != contacts[number].channel)
        }
        let addresses = contacts.filter { $0.doubleOf == nil }.compactMap(\.email)
        #expect(Set(addresses).count == addresses.count)
        let points = contacts.map { "\($0.channel)/\($0.externalUserId)" }
        #expect(Set(points).count == points.count)
        #expect(Set(contacts.map(\.channel)) == Set(ChannelKind.allCases))
    }

    @Test(arguments: [0, 1]) func `everything said fits the channel it is said on`(_ place: Int) {
        let company = Self.companies[place]
        let rules = [
            ChannelKind.messenger: MetaRules.adapter(.messenger).rules, .instagram: MetaRules.adapter(.instagram).rules,
            .telegram: TelegramRules.adapter().rules, .widget: WidgetClient().rules,
        ]
        for number in 0..<company.scale.conversations {
            let conversation = company.conversation(number)
            let rule = rules[company.contact(conversation.contact).channel]?.text
            #expect(conversation.lines.allSatisfy { !$0.text.isEmpty && rule?.allows($0.text) ?? false })
        }
    }

    @Test(arguments: [0, 1]) func `documents hold the answers, each section a passage long`(_ place: Int) {
        let company = Self.companies[place]
        let documents = (0..<company.documentCount).map(company.document)
        #expect(Set(documents.map(\.title)).count == documents.count)
        for document in documents {
            #expect(document.sections.count == DemoCompany.sectionCount)
            #expect(Set(document.sections).count == document.sections.count, "\(document.title)")
            #expect(document.sections.allSatisfy { (300...800).contains($0.count) }, "\(document.title)")
        }
        for subject in company.subjects {
            for turn in subject.turns {
                #expect(documents.contains { $0.text.contains(turn.answered) }, "\(turn.answered)")
            }
        }
        let replies = company.replies
        #expect(Set(replies.map { "\($0.owner ?? "")/\($0.shortcut)" }).count == replies.count)
    }

    @Test func `the same seed is the same company, another one is another`() {
        let company = DemoCompany.lumenBikes
        let other = DemoCompany(
            "Lumen Bikes", owner: "Ines", agents: company.agents, bot: "Spoke", zone: company.zone,
            channels: company.channels, scale: company.scale, subjects: DemoTalk.bicycles, chance: DemoChance(seed: 1))
        #expect(company.conversation(7) == DemoCompany.lumenBikes.conversation(7))
        #expect((0..<50).contains { other.conversation($0) != company.conversation($0) })
    }

    @Test func `the crowd writes over every channel in the vendor's form, believed and read`() throws {
        let secrets: [ChannelKind: Secret<String>] = [
            .messenger: Secret("m"), .instagram: Secret("i"), .telegram: Secret("t"),
        ]
        let crowd = DemoCrowd(.lumenBikes, secrets: secrets)
        let adapters: [ChannelKind: any ChannelAdapter] = [
            .messenger: DemoAdapter(before: MetaRules.adapter(.messenger)),
            .instagram: DemoAdapter(before: MetaRules.adapter(.instagram)),
            .telegram: DemoAdapter(before: TelegramRules.adapter()), .widget: DemoAdapter(before: WidgetClient()),
        ]
        var now = Timestamp(microseconds: 1_767_225_600_000_000)
        var seen: Set<ChannelKind> = []
        var keys: Set<String> = []
        for number in 0..<300 {
            let event = try #require(crowd.event(number, at: now))
            let adapter = try #require(adapters[event.channel])
            let deliveries: [Delivery]
            switch event.arrival {
            case .note(let note): deliveries = [note.delivery]
            case .hook(let raw, let fields):
                let signing = try #require(secrets[event.channel])
                try adapter.verify(raw, DeliveryHeaders(fields), with: ChannelSecrets(signing: [signing]))
                deliveries = adapter.deliveries(in: raw)
            }
            let entries = try deliveries.flatMap { try adapter.entries(of: $0) }
            #expect(entries.map(\.kind) == [.message] && entries.map(\.text) == [event.text], "event \(number)")
            let contact = DemoCompany.lumenBikes.contact(event.contact)
            #expect(entries.first?.externalUserId == contact.externalUserId && contact.channel == event.channel)
            #expect((Duration.seconds(3) ... .seconds(13)).contains(event.pause))
            seen.insert(event.channel)
            keys.formUnion(deliveries.map(\.key))
            now = now + event.pause
        }
        #expect(seen == Set(ChannelKind.allCases))
        #expect(keys.count == 300)
        #expect(crowd.event(3, at: now)?.text == crowd.event(3, at: now)?.text)
        #expect((0..<50).contains { DemoCrowd(.lumenBikes, secrets: [:]).event($0, at: now) == nil })
    }

    @Test func `the dead letter is dead`() {
        #expect(throws: DeliveryFault.unreadable) { try MetaRules.adapter().entries(of: DemoCrowd.dead) }
    }

    @Test func `messages to the demo never leave, others go to the vendor`() async throws {
        try await SendingStage.run { stage in
            for kind in SendingStage.kinds {
                let adapter = DemoAdapter(before: stage.adapter(kind))
                let demo = ChannelLine(externalAccount: DemoAdapter.prefix + "x", token: Secret("none"))
                let first = await adapter.send(stage.message(), over: demo)
                #expect(first.externalId != nil)
                #expect(await adapter.send(stage.message(), over: demo) == first)
                var next = stage.message()
                next.reference = "ref-2"
                #expect(await adapter.send(next, over: demo) != first)
                let long = stage.message(String(repeating: "x", count: 5_000))
                #expect(await adapter.send(long, over: demo).refusal?.reason == .tooLong)
                let condition = try await adapter.condition(of: demo)
                #expect(condition.isSubscribed == true)
            }
            #expect(stage.vendor.calls.isEmpty)
            let adapter = DemoAdapter(before: stage.adapter(.messenger))
            #expect(await adapter.send(stage.message(), over: stage.line(.messenger)).externalId != nil)
            #expect(stage.vendor.taken.count == 1)
        }
    }
}
