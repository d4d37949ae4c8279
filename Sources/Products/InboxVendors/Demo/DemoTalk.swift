/// What customers of the demo ask, and what they are answered.
enum DemoTalk {
    /// A question in several wordings, and its answer.
    struct Turn: Sendable {
        var asked: [String]
        var answered: String

        init(_ asked: String..., answered: String) {
            self.asked = asked
            self.answered = answered
        }
    }

    /// What a conversation is about.
    struct Subject: Sendable {
        var name: String
        var turns: [Turn]
    }

    /// What customers of a shop for bicycles want.
    static let bicycles = [hours, returns, sizes, delivery, repairs, electric, prices, riding]

    private static let hours = Subject(
        name: "opening hours",
        turns: [
            Turn(
                "when are you open on Saturday?", "what are your opening hours?", "wann habt ihr samstags offen?",
                answered: "The shop is open Monday to Friday from 9:30 to 18:30 and on Saturday from 10:00 to 16:00."),
            Turn(
                "are you open on public holidays?", "what about the 1st of May?",
                answered: "We are closed on public holidays. The workshop takes no bookings on those days either."),
            Turn(
                "can I come ten minutes before closing to pick up a bike?", "is a pick-up at 18:20 too late?",
                answered: "Pick-ups are possible until 15 minutes before closing, so that you can take it for a turn."),
            Turn(
                "is there a place to park?", "where do I leave the car?",
                answered: "There are four places in the yard behind the shop. Through the gate, then left."),
            Turn(
                "do you have a shop in another city?", "is there a second shop?",
                answered: "There is one shop. We deliver bicycles by van within 60 km, further away by carrier."),
        ])

    private static let returns = Subject(
        name: "returns",
        turns: [
            Turn(
                "can I send the helmet back? It is too small.", "I would like to return a helmet.",
                "puis-je retourner un casque ?",
                answered:
                    "Yes. What is unused goes back within 30 days, with its packaging. Shall I send you the label?"),
            Turn(
                "yes please, to the address of the order.", "yes, by e-mail.",
                answered: "The label is on its way to your e-mail address. Drop the parcel wherever suits you."),
            Turn(
                "when do I get the money?", "how long does the refund take?",
                answered: "Within 5 working days after the parcel has arrived, the way you paid."),
            Turn(
                "I used it once, for about 10 minutes.", "the box is gone, is that a problem?",
                answered: "That is fine if there are no scratches. Please wrap it so that it survives the journey."),
            Turn(
                "can I exchange it for size L instead?", "do you have it in L and in green?",
                answered: "We have two of them. I put one aside until Saturday under your name."),
        ])

    private static let sizes = Subject(
        name: "sizes",
        turns: [
            Turn(
                "I am 1,72 m. Which frame fits me?", "which size for 5'8\"?", "ich bin 1,72 m groß, M oder L?",
                answered: "M, most likely: it fits from 1.66 to 1.78 m. The length of your legs decides in between."),
            Turn(
                "inside leg is 79 cm.", "my inseam is 31 inches.",
                answered: "Then M it is, with the saddle at about 70 cm. You can try it here on any day."),
            Turn(
                "can two children sit in the Dune?", "👩‍👩‍👧‍👦 do the four of us fit?",
                answered: "Two children up to 7 years and 1.20 m sit side by side, with a belt each; 80 kg in all."),
            Turn(
                "does the saddle go lower than 65 cm?", "could my mother ride it too? She is 1,55.",
                answered: "With the short seat post it goes down to 62 cm. The post costs 29 € and takes ten minutes."),
        ])

    private static let delivery = Subject(
        name: "delivery",
        turns: [
            Turn(
                "where is my order LB-20417?", "my order should have been here yesterday.",
                "¿dónde está mi pedido?",
                answered: "It left us on Tuesday and is with the carrier. May I have the postcode to look closer?"),
            Turn(
                "10997.", "8004, ground floor.",
                answered: "Thank you. It is in the van today; the driver rings half an hour before."),
            Turn(
                "nobody is at home before six.", "can my neighbour take it?",
                answered: "No problem: I have told the driver. The neighbour needs to sign for it."),
            Turn(
                "the box has a hole, I took a picture.", "the parcel arrived damaged 😕",
                answered: "I am sorry! Please send the picture here; we send another one today if the part is hurt."),
            Turn(
                "how much is delivery to Vienna?", "do you ship to Spain?",
                answered: "A bicycle costs 79 € within the country and 129 € to our neighbours, parts 4.90 €."),
        ])

    private static let repairs = Subject(
        name: "workshop",
        turns: [
            Turn(
                "my rear brake squeaks since the rain.", "the brakes are terribly loud.", "die Bremse quietscht!",
                answered: "Mostly that is grease or glazed pads. Have they been ridden more than 2,000 km?"),
            Turn(
                "about 3000 km.", "no idea, it is two years old.",
                answered: "Then new pads are due: 24 € a wheel with the work. The next free time is Thursday at 8:30."),
            Turn(
                "Thursday 8:30 works.", "is there something later in the day?",
                answered: "You are booked. It takes about an hour; you may wait here, there is coffee."),
            Turn(
                "could you also look at the gears?", "and the chain jumps on the small cog.",
                answered: "We look at it on the same day and call before anything costs more than 40 €."),
            Turn(
                "do I have to take the battery off?", "what shall I bring?",
                answered: "Bring the key of the battery, please. Everything else can stay on."),
        ])

    private static let electric = Subject(
        name: "electric",
        turns: [
            Turn(
                "how far does the Aurora go in winter?", "what is the real range of the Aurora E?",
                answered: "About 60 km at freezing point and 85 km in summer, in the second mode with a rider of 75 kg."
            ),
            Turn(
                "and up a mountain?", "I have 400 m to climb every day.",
                answered: "400 m cost about 12 km of range. For every day the larger battery is worth its price."),
            Turn(
                "can I leave the battery in the cellar over winter?", "how do I store the battery?",
                answered: "Yes, dry, between 10 and 20 degrees, at half its charge; look after it every two months."),
            Turn(
                "the display shows E07.", "it says error 07 and nothing happens.",
                answered:
                    "That is the sensor at the wheel: its magnet has turned. Please come by, it takes five minutes."),
        ])

    private static let prices = Subject(
        name: "prices",
        turns: [
            Turn(
                "how much is the Dune cargo bike?", "prices for the Dune?", "was kostet das Lastenrad?",
                answered: "The Dune costs 3,890 €, the electric one 5,490 €, with belts and lights, ready to ride."),
            Turn(
                "can I pay in parts?", "do you offer leasing over my employer?",
                answered: "Yes, in 12 parts without interest; and the usual leasing offices work with us."),
            Turn(
                "do you take my old bike?", "is there a trade-in?",
                answered: "We take bicycles up to 8 years old. Send a picture and the number below the frame."),
            Turn(
                "is there a discount for students?", "10% if I buy two?",
                answered: "Two bicycles at once: the workshop's first service is free for both, worth 118 €."),
        ])

    private static let riding = Subject(
        name: "test ride",
        turns: [
            Turn(
                "can I try the Fjord before I buy it?", "is a test ride possible this week?",
                answered: "Gladly: an hour is free. Bring something with your name and picture on it."),
            Turn(
                "Wednesday after work?", "Friday around 17:00?",
                answered: "17:00 is free on both days. I put you down; the Fjord stands ready in M."),
            Turn(
                "what if it rains?", "it will probably pour ☔️",
                answered: "Then ride it in the rain or choose another day up to an hour before. Both are fine."),
            Turn(
                "can my daughter try one too?", "can we come as two?",
                answered: "Yes, from 14 years on her own, younger ones in the yard with you beside them."),
        ])
}
