import Base
import InboxTestKit
import Testing

@testable import InboxVendors

/// Whatever is batched, repeated or out of order: what is stored is what the vendor has.
@Suite struct HookStoryTests {
    private func stored(_ story: HookStory, _ adapter: some ChannelAdapter, secret: String) throws -> Threads {
        var threads = Threads()
        for hook in story.hooks {
            try adapter.verify(hook.raw, hook.headers, with: ChannelSecrets(signing: [Secret(secret)]))
            for delivery in adapter.deliveries(in: hook.raw) { try threads.take(delivery, adapter) }
        }
        return threads
    }

    private func expect(_ threads: Threads, _ story: HookStory, _ comment: Comment) {
        let lines = threads.lines.mapValues { thread in
            thread.mapValues { HookStory.Line(text: $0.text, isEcho: $0.isEcho, at: $0.at) }
        }
        #expect(lines == story.truth, comment)
    }

    @Test(arguments: 1...25) func `Messenger's threads come out as they are`(_ seed: UInt64) throws {
        let story = HookStory.meta(
            .messenger, seed: seed, messages: 300, accounts: ["100", "200", "300"], customers: 5, secret: "s")
        let threads = try stored(story, MetaRules.adapter(), secret: "s")
        expect(threads, story, "seed \(seed)")
        #expect(story.hooks.count < story.events)
        // What comes twice has the key it had.
        #expect(threads.seen.count == story.events, "seed \(seed)")
    }

    @Test(arguments: 1...25) func `Telegram's threads come out as they are`(_ seed: UInt64) throws {
        let story = HookStory.telegram(seed: seed, messages: 200, customers: 5, secret: "t")
        let threads = try stored(story, TelegramRules.adapter(), secret: "t")
        expect(threads, story, "seed \(seed)")
        #expect(threads.seen.count == story.events, "seed \(seed)")
        #expect(story.hooks.count > story.events)
    }

    @Test func `a seed repeats its story`() {
        let stories = (0..<2).map { _ in
            HookStory.meta(.instagram, seed: 9, messages: 50, accounts: ["1"], secret: "s")
        }
        #expect(stories[0].hooks.map(\.raw) == stories[1].hooks.map(\.raw))
    }
}
