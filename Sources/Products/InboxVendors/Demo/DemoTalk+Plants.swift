extension DemoTalk {
    /// What customers of a shop for plants want.
    static let plants = [opening, care, gardens]

    private static let opening = Subject(
        name: "opening hours",
        turns: [
            Turn(
                "¿a qué hora abrís?", "when do you open?",
                answered: "We are open every day from 10:00 to 20:00, on Sundays until 14:00."),
            Turn(
                "is the greenhouse open too?", "¿y el invernadero?",
                answered: "The greenhouse closes an hour earlier, since the plants are watered then."),
            Turn(
                "can I come with a dog?", "are dogs allowed?",
                answered: "On a lead, gladly. Only the room with the orchids is for people."),
        ])

    private static let care = Subject(
        name: "plant care",
        turns: [
            Turn(
                "my monstera gets yellow leaves.", "the leaves turn yellow, why?",
                answered: "Mostly too much water: let the soil dry to the depth of a finger before the next time."),
            Turn(
                "how often in winter?", "and how much light?",
                answered: "Every two weeks are enough in winter; bright, but never in the sun at noon."),
            Turn(
                "there are little flies.", "small black flies come out of the soil 😱",
                answered: "Yellow cards and dry soil for ten days help. If not, we have nematodes for 9 €."),
        ])

    private static let gardens = Subject(
        name: "gardens",
        turns: [
            Turn(
                "do you plant balconies?", "could you make my terrace green?",
                answered: "Yes. Send a photograph and the size, and we come by for a plan, which costs nothing."),
            Turn(
                "six square metres, towards the south.", "12 m², shade.",
                answered: "For this a plan with plants, pots and watering costs from 480 €."),
            Turn(
                "when could you start?", "is it possible in April?",
                answered: "In about two weeks; in April three, as everybody wakes up then."),
        ])
}
