import Base
import Foundation

/// What creators and voters of a season were promised; fixed once the season is active.
struct SeasonRules: Sendable, Hashable, Codable {
    /// Weights of the three kinds of vote.
    struct Weights: Sendable, Hashable, Codable {
        var normal = 1
        var `super` = 3
        var mega = 10
    }

    /// Hours that voting in a slot lasts, freeze included.
    ///
    /// Defaults to 24; 1 to 336.
    var slotHours = 24
    /// Weight that one voter may spend on one local day.
    ///
    /// Defaults to 200; 10 to 10,000.
    var dailyWeight = 200
    /// What the kinds of vote weigh; 1 to 100 each.
    var weights = Weights()
    /// Seconds before the close at which voting stops.
    ///
    /// Defaults to 120; 10 to 3,600.
    var freezeSeconds = 120
    /// Voters that a winning clip needs where any clip has them.
    ///
    /// Defaults to 20; 0 to 1,000.
    var votersMinimum = 20
    /// Minutes in which a recount may still replace a winner.
    ///
    /// Defaults to 60; 0 to 1,440.
    var reviewMinutes = 60
    /// How often a slot without a vote is lengthened by its own length.
    ///
    /// Defaults to 3; 0 to 10.
    var extensionsMax = 3
    /// Clips that one person may enter in one slot.
    ///
    /// Defaults to 3; 1 to 20.
    var clipsPerPerson = 3
    /// Whether totals of open slots stay hidden.
    var isBlind = false
    /// The zone whose midnight renews the daily weight, by its name in the tz database.
    ///
    /// Defaults to UTC.
    var timeZone = "UTC"

    var zone: TimeZone { TimeZone(identifier: timeZone) ?? .gmt }
    var slotLength: Duration { .seconds(slotHours * 3_600) }
    var freeze: Duration { .seconds(freezeSeconds) }
    var review: Duration { .seconds(reviewMinutes * 60) }

    func weight(of kind: Vote.Kind) -> Int {
        switch kind {
        case .normal: weights.normal
        case .super: weights.super
        case .mega: weights.mega
        }
    }

    /// What is wrong with these rules, by field; empty when they can be promised.
    var faults: [(field: String, message: String)] {
        var faults: [(field: String, message: String)] = []
        func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) {
            guard !range.contains(value) else { return }
            faults.append((field, "must be \(range.lowerBound) to \(range.upperBound)"))
        }
        check("slotHours", slotHours, 1...336)
        check("dailyWeight", dailyWeight, 10...10_000)
        check("weights.normal", weights.normal, 1...100)
        check("weights.super", weights.super, 1...100)
        check("weights.mega", weights.mega, 1...100)
        check("freezeSeconds", freezeSeconds, 10...3_600)
        check("votersMinimum", votersMinimum, 0...1_000)
        check("reviewMinutes", reviewMinutes, 0...1_440)
        check("extensionsMax", extensionsMax, 0...10)
        check("clipsPerPerson", clipsPerPerson, 1...20)
        if TimeZone(identifier: timeZone) == nil { faults.append(("timeZone", "is no zone of the tz database")) }
        return faults
    }
}
