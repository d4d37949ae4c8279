import Base
import InboxVendors
import Testing

@testable import Inbox

@Suite struct SendMachineTests {
    private let now = Timestamp(microseconds: 1_767_225_600_000_000)

    private func message(_ delivery: Message.Delivery, attempts: Int = 0, tried ago: Duration? = nil) -> Message {
        Message(
            id: ID(high: 1, low: 1), conversationID: ID(high: 2, low: 2), sequence: 1, channelID: ID(high: 3, low: 3),
            role: .agent, body: "Hello", delivery: delivery, attempts: attempts, triedAt: ago.map { now - $0 },
            sentAt: now, createdAt: now)
    }

    @Test func `what may have been sent holds the others back until its echo could have come`() {
        for hasEchoes in [true, false] {
            let machine = SendMachine(now: now, hasEchoes: hasEchoes)
            let uncertain = message(.unknown, attempts: 1, tried: .seconds(59))
            #expect(machine.next(of: [uncertain, message(.queued)]) == .wait(now + .seconds(1)))
            let old = message(.unknown, attempts: 1, tried: .seconds(61))
            // Where the vendor sends no echoes its absence says nothing: a person decides.
            #expect(machine.next(of: [old]) == (hasEchoes ? .send(old) : .giveUp(old, failure: "outcomeUnknown")))
            let dead = message(.sending, attempts: 5, tried: .seconds(61))
            #expect(machine.next(of: [dead]) == .giveUp(dead, failure: "outcomeUnknown"))
        }
    }

    @Test func `who takes back has the time that was promised`() {
        var queued = message(.queued)
        queued.sendAfter = now + .seconds(5)
        #expect(SendMachine(now: now, hasEchoes: true).next(of: [queued]) == .wait(now + .seconds(5)))
        #expect(SendMachine(now: now + .seconds(5), hasEchoes: true).next(of: [queued]) == .send(queued))
        #expect(SendMachine(now: now, hasEchoes: true).next(of: []) == .nothing)
    }

    @Test func `a vendor's answer is tried again, held or final, and pauses grow`() {
        let machine = SendMachine(now: now, hasEchoes: true)
        #expect(
            machine.effect(of: .tryAgain(after: nil), on: message(.sending, attempts: 1))
                == .queued(until: now + .seconds(2)))
        #expect(
            machine.effect(of: .tryAgain(after: nil), on: message(.sending, attempts: 3))
                == .queued(until: now + .seconds(8)))
        #expect(
            machine.effect(of: .tryAgain(after: .seconds(30)), on: message(.sending, attempts: 1))
                == .queued(until: now + .seconds(30)))
        #expect(
            machine.effect(of: .tryAgain(after: nil), on: message(.sending, attempts: 5))
                == .failed(reason: "unreachable"))
        #expect(machine.effect(of: .tokenExpired, on: message(.sending)) == .held(until: now + .seconds(300)))
        let late = SendMachine(now: now + .seconds(86_400), hasEchoes: true)
        #expect(late.effect(of: .tokenExpired, on: message(.sending)) == .failed(reason: "tokenExpired"))
        #expect(
            machine.effect(of: .refusedForGood(SendRefusal(.blocked, code: "551")), on: message(.sending))
                == .failed(reason: "blocked"))
    }
}
