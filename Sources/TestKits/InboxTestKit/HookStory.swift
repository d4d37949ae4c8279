public import Base
import BaseTestKit
public import InboxVendors

/// Webhooks of many customers from a seed: batched over accounts, delivered twice, out of order; and what the vendor's
/// threads are once all of it has come.
///
/// ```swift
/// let story = HookStory.meta(.messenger, seed: 7, messages: 1_000, accounts: ["100", "200"], secret: "secret")
/// for hook in story.hooks { … }
/// #expect(stored == story.truth)
/// ```
public struct HookStory: Sendable {
    /// A message as the vendor has it in the end.
    public struct Line: Sendable, Hashable {
        /// The text of the last edit; `nil` for one that was taken back.
        public var text: String?
        /// Whether the account said it.
        public var isEcho: Bool
        /// When it was said.
        public var at: Timestamp

        /// Makes a line.
        public init(text: String?, isEcho: Bool, at: Timestamp) {
            self.text = text
            self.isEcho = isEcho
            self.at = at
        }
    }

    /// How deliveries go wrong, each of a thousand.
    public struct Trouble: Sendable, Hashable {
        /// Bodies that come a second time later.
        public var duplicated: Int
        /// Bodies that change places with one of the next few.
        public var reordered: Int
        /// Items that share a body with others.
        public var batched: Int

        /// States the rates, each 0 to 1,000.
        public init(duplicated: Int = 100, reordered: Int = 200, batched: Int = 400) {
            self.duplicated = duplicated
            self.reordered = reordered
            self.batched = batched
        }

        /// Every body once, in order, with one item.
        public static let none = Trouble(duplicated: 0, reordered: 0, batched: 0)
    }

    /// The webhooks in the order in which they come.
    public var hooks: [VendorHook] = []
    /// The threads in the end: by account and user, as in `100/u7`, the messages by the vendor's id.
    public var truth: [String: [String: Line]] = [:]
    /// How many distinct things were said or done.
    public var events = 0

    static let texts = [
        "Hello", "Grüß Gott, wann öffnen Sie?", "¿Tienen la talla M?", "Где мой заказ № 1234?", "写真を送ります 📷",
        "👩‍👩‍👧‍👦 fits on the cargo bike?", "1/2\" or 12 mm?", "line one\nline two", "\\o/ <b>nice</b> & \"good\"", "🚲🚲🚲",
        "e\u{301}te\u{301}", "ok",
    ]

    /// A story of Messenger or Instagram.
    ///
    /// - Parameters:
    ///   - kind: Which of the two.
    ///   - seed: What it is drawn from.
    ///   - messages: How many messages are said.
    ///   - accounts: The pages that share the application; bodies mix them.
    ///   - customers: How many customers write. Defaults to 20.
    ///   - secret: What signs the bodies.
    ///   - start: When it begins.
    ///   - trouble: How deliveries go wrong.
    /// - Returns: The story.
    public static func meta(
        _ kind: ChannelKind, seed: UInt64, messages: Int, accounts: [String], customers: Int = 20, secret: String,
        start: Timestamp = Timestamp(microseconds: 1_767_225_600_000_000), trouble: Trouble = Trouble()
    ) -> HookStory {
        let chance = SeededRandomness(seed: seed)
        var story = HookStory()
        var items: [(account: String, time: Timestamp, item: VendorBody)] = []
        var time = start
        var edits: [String: Int64] = [:]
        var said = 0
        while said < messages {
            time = time + .milliseconds(Int64(1 + chance.below(5_000)))
            let thread = MetaHooks.Thread(
                account: accounts[chance.below(accounts.count)], user: "u\(chance.below(customers))")
            let name = "\(thread.account)/\(thread.user)"
            let known = (story.truth[name] ?? [:]).keys.sorted()
            let item: VendorBody
            switch chance.below(100) {
            case 0..<75:
                said += 1
                let id = "m_\(seed)_\(said)"
                let isEcho = chance.below(8) == 0
                let text = texts[chance.below(texts.count)] + " \(said)"
                item =
                    isEcho
                    ? MetaHooks.echo(thread, id: id, text, at: time)
                    : MetaHooks.message(thread, id: id, text, at: time)
                story.truth[name, default: [:]][id] = Line(text: text, isEcho: isEcho, at: time)
            case 75..<83 where !known.isEmpty:
                let id = known[chance.below(known.count)]
                guard let line = story.truth[name]?[id], line.text != nil, !line.isEcho else { continue }
                edits[id, default: 0] += 1
                let text = "edited \(texts[chance.below(texts.count)])"
                item = MetaHooks.edit(thread, id: id, text, number: edits[id] ?? 1, at: time)
                story.truth[name]?[id]?.text = text
            case 83..<87 where !known.isEmpty:
                let id = known[chance.below(known.count)]
                guard let line = story.truth[name]?[id], line.text != nil, !line.isEcho else { continue }
                item = MetaHooks.deletion(thread, id: id, at: time)
                story.truth[name]?[id]?.text = nil
            default: item = MetaHooks.read(thread, until: time - .seconds(1), at: time)
            }
            items.append((thread.account, time, item))
        }
        story.events = items.count
        let object = kind == .instagram ? "instagram" : "page"
        var bodies: [VendorHook] = []
        var rest = items[...]
        while !rest.isEmpty {
            let size = chance.below(1_000) < trouble.batched ? 2 + chance.below(7) : 1
            bodies.append(.meta(MetaHooks.body(object, entries(Array(rest.prefix(size)))), secret: secret))
            rest = rest.dropFirst(size)
        }
        story.hooks = troubled(bodies, trouble, chance)
        return story
    }

    /// Items as entries: neighbours of one account share one.
    private static func entries(
        _ items: [(account: String, time: Timestamp, item: VendorBody)]
    ) -> [(account: String, time: Timestamp, items: [VendorBody])] {
        var entries: [(account: String, time: Timestamp, items: [VendorBody])] = []
        for item in items {
            if entries.last?.account == item.account {
                entries[entries.count - 1].items.append(item.item)
            } else {
                entries.append((item.account, item.time, [item.item]))
            }
        }
        return entries
    }

    /// A story of one Telegram bot.
    ///
    /// - Parameters:
    ///   - seed: What it is drawn from.
    ///   - messages: How many messages are said.
    ///   - customers: How many customers write. Defaults to 20.
    ///   - secret: The bot's secret token.
    ///   - start: When it begins.
    ///   - trouble: How deliveries go wrong; nothing is batched.
    /// - Returns: The story; its threads have no account, as in `/1007`.
    public static func telegram(
        seed: UInt64, messages: Int, customers: Int = 20, secret: String,
        start: Timestamp = Timestamp(microseconds: 1_767_225_600_000_000), trouble: Trouble = Trouble()
    ) -> HookStory {
        let chance = SeededRandomness(seed: seed)
        var story = HookStory()
        var bodies: [VendorHook] = []
        var time = start
        var said = 0
        while said < messages {
            time = time + .seconds(1 + chance.below(5))
            let chat = Int64(1_000 + chance.below(customers))
            let name = "/\(chat)"
            let known = (story.truth[name] ?? [:]).keys.sorted()
            let update = Int64(bodies.count + 1)
            if chance.below(10) == 0, !known.isEmpty {
                let id = known[chance.below(known.count)]
                guard let number = id.split(separator: ":").last.flatMap({ Int64($0) }) else { continue }
                let text = "edited \(texts[chance.below(texts.count)])"
                let edited = TelegramHooks.message(
                    chat: chat, number: number, text, at: story.truth[name]?[id]?.at ?? time,
                    more: [("edit_date", .number(time.seconds))])
                bodies.append(.telegram(TelegramHooks.update(update, "edited_message", edited), secret: secret))
                story.truth[name]?[id]?.text = text
            } else {
                said += 1
                let text = texts[chance.below(texts.count)] + " \(said)"
                let number = Int64((story.truth[name]?.count ?? 0) + 1)
                let message = TelegramHooks.message(chat: chat, number: number, text, at: time)
                bodies.append(.telegram(TelegramHooks.update(update, "message", message), secret: secret))
                story.truth[name, default: [:]]["\(chat):\(number)"] = Line(text: text, isEcho: false, at: time)
            }
        }
        story.events = bodies.count
        story.hooks = troubled(bodies, trouble, chance)
        return story
    }

    private static func troubled(
        _ bodies: [VendorHook], _ trouble: Trouble, _ chance: SeededRandomness
    ) -> [VendorHook] {
        var hooks = bodies
        for place in hooks.indices.dropLast() where chance.below(1_000) < trouble.reordered {
            hooks.swapAt(place, min(hooks.count - 1, place + 1 + chance.below(5)))
        }
        var all: [VendorHook] = []
        var later: [(at: Int, hook: VendorHook)] = []
        for (place, hook) in hooks.enumerated() {
            all += later.filter { $0.at == place }.map(\.hook)
            later.removeAll { $0.at == place }
            all.append(hook)
            if chance.below(1_000) < trouble.duplicated { later.append((place + 1 + chance.below(20), hook)) }
        }
        return all + later.map(\.hook)
    }
}
