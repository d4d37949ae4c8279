import Base
import Testing

@testable import Discovery

@Suite struct ListRulesTests {
    @Test func `a role of one's own counts, else what the list and the seat give`() {
        func role(_ own: ListRole?, _ visibility: CreatorList.Visibility, _ seat: Seat) -> ListRole? {
            ListRole.effective(own: own, visibility: visibility, seat: seat)
        }
        #expect(role(nil, .private, .owner) == nil)
        #expect(role(nil, .team, .viewer) == .viewer)
        #expect(role(nil, .team, .editor) == .editor)
        #expect(role(nil, .link, .owner) == .owner)
        #expect(role(.viewer, .team, .owner) == .viewer)
        #expect(role(.owner, .private, .editor) == .owner)
        #expect(role(.owner, .private, .viewer) == .viewer, "who may only look in the workspace only looks")
    }

    private func refuses(_ fields: [ListField], by field: String = "stage") -> Bool {
        do throws(DiscoveryError) {
            try ListField.check(fields, boardBy: field)
            return false
        } catch {
            return error.code == .listInvalid
        }
    }

    @Test func `columns follow their rules`() {
        let tier = ListField(key: "tier", label: "Tier", kind: .select, options: ["A", "B"])
        #expect(!refuses([.stage, tier], by: "tier"))
        #expect(refuses([tier], by: "tier"), "the stages stay")
        #expect(refuses([.stage, tier], by: "fee"))
        #expect(refuses([.stage, .stage]))
        #expect(refuses([.stage, ListField(key: "a b", label: "A", kind: .text, options: [])]))
        #expect(refuses([.stage, ListField(key: "a", label: "A", kind: .text, options: ["x"])]))
        #expect(refuses([.stage, ListField(key: "a", label: "A", kind: .select, options: [])]))
        #expect(refuses([.stage, ListField(key: "a", label: "A", kind: .select, options: ["x", "x"])]))
        let many = (0..<13).map { "o\($0)" }
        #expect(refuses([.stage, ListField(key: "a", label: "A", kind: .select, options: many)]))
    }

    @Test func `values are of their column's kind, and all together within 4 KB`() throws {
        let fee = ListField(key: "fee", label: "Fee", kind: .number, options: [])
        #expect(try fee.value(of: " 12.5 ") == "12.5")
        #expect(throws: DiscoveryError.self) { try fee.value(of: "much") }
        #expect(throws: DiscoveryError.self) { try fee.value(of: "inf") }
        let due = ListField(key: "due", label: "Due", kind: .date, options: [])
        #expect(try due.value(of: "2026-11-21") == "2026-11-21")
        #expect(throws: DiscoveryError.self) { try due.value(of: "2026-13-01") }
        let done = ListField(key: "done", label: "Done", kind: .check, options: [])
        #expect(try done.value(of: "on") == "true" && done.value(of: "no") == nil)
        let notes = (0..<5).map { ListField(key: "n\($0)", label: "N", kind: .text, options: []) }
        let list = CreatorList(
            id: ID(high: 1, low: 1), personID: ID(high: 1, low: 1), campaignID: nil, name: "L", kind: .custom,
            visibility: .team, bucketField: "stage", fields: [.stage] + notes, isArchived: false, regroupTo: nil,
            createdAt: .epoch, version: 1)
        let long = String(repeating: "x", count: 1_000)
        let four = try FieldPatch(["n0": long, "n1": long, "n2": long, "n3": long], of: list)
        #expect(try four.applied(to: [:]).count == 4)
        #expect(throws: DiscoveryError.self) { try four.applied(to: ["n4": long]) }
        #expect(throws: DiscoveryError.self) { try FieldPatch(["stage": "backlog"], of: list) }
        #expect(throws: DiscoveryError.self) { try FieldPatch(["nothing": "x"], of: list) }
        let gone = try FieldPatch(["n0": ""], of: list)
        #expect(try gone.applied(to: ["n0": "x", "n1": "y"]) == ["n1": "y"])
    }

    @Test func `names are trimmed, plain and not too long`() throws {
        #expect(try Name.read("  Autumn \u{7}shortlist ") == "Autumn shortlist")
        #expect(throws: DiscoveryError.self) { try Name.read(" \n ") }
        #expect(throws: DiscoveryError.self) { try Name.read(String(repeating: "x", count: 121)) }
    }
}
