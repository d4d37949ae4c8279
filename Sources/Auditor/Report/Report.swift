public import Foundation

/// The result of an audit: one value, from which every format is rendered.
public struct Report: Sendable, Codable, Hashable {
    /// What stands on the first page.
    public struct Summary: Sendable, Codable, Hashable {
        /// How many findings of each severity count, suppressed ones aside.
        public var counts: [String: Int]
        /// How many are suppressed.
        public var suppressed: Int
        /// The whole report in a few sentences.
        public var headline: [String] = []
        /// A grade for each part of the system that was examined.
        public var grades: [Grade] = []
    }

    /// A grade from A to F, with what it follows from.
    public struct Grade: Sendable, Codable, Hashable {
        /// The part.
        public var component: Component
        /// A, B, C, D or F.
        public var letter: String
        /// Which findings it follows from.
        public var findings: [String]
    }

    /// A number that several sections stand on.
    public struct Assumption: Sendable, Codable, Hashable {
        /// The name that sections use.
        public var name: String
        /// How much.
        public var value: Double
        /// In what.
        public var unit: String
        /// Who says so: `given`, `measured` with the command, `default`.
        public var origin: String
    }

    /// A band of users and what ends it.
    public struct Band: Sendable, Codable, Hashable {
        /// From so many users.
        public var from: Double
        /// To so many; `nil` where nothing that was measured ends it.
        public var to: Double?
        /// The resource that ends it.
        public var resource: String
        /// A finding whose fix spares it.
        public var finding: String?
        /// The resource's name in the table of assumptions.
        public var name: String?
        /// From so many users on waiting may end it.
        public var earliest: Double?
        /// How far it is said.
        public var certainty = Certainty.measured

        /// How far the end of a band is said.
        public enum Certainty: String, Sendable, Codable, CaseIterable {
            /// So many are there today.
            case measured
            /// Not more than twice as many as today.
            case projected
            /// Beyond that: no more than so many, perhaps far fewer.
            case bound
        }
    }

    /// When a finding becomes a failure at the asked number of users.
    public struct Milestone: Sendable, Codable, Hashable {
        /// In words: `at 1,200 users`, `in 40 to 60 days`.
        public var when: String
        /// What fails.
        public var what: String
        /// The finding, where one is behind it.
        public var finding: String?
        /// At how many users, where that was measured.
        public var users: Double?
        /// In how many days, where that was measured.
        public var days: Double?
        /// Whether the asked number of users is beyond it; `nil` where users do not decide.
        public var isReached: Bool?
    }

    /// A step of the roadmap.
    public struct Step: Sendable, Codable, Hashable {
        /// 1 for what comes first.
        public var order: Int
        /// The finding.
        public var finding: String
        /// Rough work.
        public var effort: String
        /// What it gives.
        public var effect: String
        /// Until when.
        public var phase = Phase.quarter

        /// Until when a step is worth taking.
        public enum Phase: String, Sendable, Codable, CaseIterable, Comparable {
            /// Before the next spike.
            case week
            /// Before the next step of growth.
            case month
            /// When there is time.
            case quarter

            /// Orders by time.
            public static func < (left: Phase, right: Phase) -> Bool {
                (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
            }
        }
    }

    /// A figure to keep an eye on.
    public struct Metric: Sendable, Codable, Hashable {
        /// The figure.
        public var name: String
        /// When to act.
        public var threshold: String
        /// The findings that it watches.
        public var findings: [String]
    }

    /// What money is spent on, in one of three states.
    public struct Costs: Sendable, Codable, Hashable {
        /// Today.
        public var now: [CostLine] = []
        /// At the asked number of users.
        public var atUsers: [CostLine] = []
        /// The same after the fixes.
        public var afterFixes: [CostLine] = []
        /// The sums, which the self-check adds up again.
        public var totalsMicros: [Int64] = [0, 0, 0]
        /// The currency of all of them, as ISO 4217 names it.
        public var currency = "USD"
        /// Why there are none, when there are none.
        public var note: String
    }

    /// What changed since a baseline.
    public struct Comparison: Sendable, Codable, Hashable {
        /// Ids that were not there.
        public var new: [String]
        /// Ids that are gone.
        public var fixed: [String]
        /// Ids that are in both.
        public var remaining: [String]
    }

    /// The version of this shape.
    public var version = 1
    /// What was audited; never an address with a password.
    public var target: String
    /// The day, as yyyy-mm-dd.
    public var date: String
    /// How much was looked at.
    public var examined: [Finding.Quantity]
    /// The first page.
    public var summary: Summary
    /// Most urgent first.
    public var findings: [Finding]
    /// What is good already.
    public var good: [KeepNote]
    /// What only the owner can answer.
    public var questions: [Question]
    /// What was not examined, and why.
    public var notJudged: [NotJudged]
    /// One table of numbers for all sections.
    public var assumptions: [Assumption]
    /// Users by band.
    public var capacity: [Band]
    /// When what fails.
    public var timeline: [Milestone]
    /// Money.
    public var costs: Costs
    /// What to do in which order.
    public var roadmap: [Step]
    /// What to watch.
    public var metrics: [Metric]
    /// Since the baseline, if one was given.
    public var comparison: Comparison?

    /// The asked number of users, as the assumptions have it.
    public var users: Double { assumptions.first { $0.name == "users" }?.value ?? 0 }

    /// Findings that count.
    public var counted: [Finding] { findings.filter { $0.suppression == nil } }

    /// The same bytes for the same report: keys in order, no slashes escaped.
    public func json() throws(AuditError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(self)
        } catch {
            throw AuditError(.contradiction, "the report holds a number that JSON cannot say", underlying: error)
        }
    }

    /// How the command ends: 0, or 1 when a finding that counts is at least so urgent.
    ///
    /// With a baseline only what is new counts: what was accepted does not fail a build again.
    public func exitStatus(failingOn severity: Severity?) -> Int32 {
        guard let severity else { return 0 }
        let new = comparison.map { Set($0.new) }
        return counted.contains { $0.severity >= severity && new?.contains($0.id) ?? true } ? 1 : 0
    }
}
