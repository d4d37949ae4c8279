import Base
import Hosting

/// The stage's switches, on the desk.
struct FlagsPage: Sendable {
    struct Line: Sendable {
        let key: String
        let summary: String
        let isEnabled: Bool
        let state: String
        let action: String
        let next: String
        let label: String
    }

    let sections = DeskTab.all(current: .flags)
    let lead: String
    let canSwitch: Bool
    let flags: [Line]

    /// - Parameters:
    ///   - canSwitch: whether who looks may change it.
    ///   - isOn: whether a feature is on.
    init(canSwitch: Bool, isOn: (FeatureFlag) -> Bool) {
        self.canSwitch = canSwitch
        lead =
            "What is switched on at this stage. A change is in force on every node within a second."
            + (canSwitch ? "" : " A director switches.")
        flags = Playhouse.Flags.all.map { flag in
            let isEnabled = isOn(flag)
            return Line(
                key: flag.key, summary: flag.summary, isEnabled: isEnabled, state: isEnabled ? "on" : "off",
                action: "\(Addresses.flagsDesk)/\(flag.key)", next: isEnabled ? "false" : "true",
                label: isEnabled ? "Switch off" : "Switch on")
        }
    }
}
