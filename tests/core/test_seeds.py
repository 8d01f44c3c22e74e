from core.seeds import derive_seed


def test_derive_seed_depends_on_every_argument() -> None:
    seeds = {
        derive_seed(0, "order", 1),
        derive_seed(1, "order", 1),
        derive_seed(0, "augment", 1),
        derive_seed(0, "order", 2),
        derive_seed(0, "order"),
        derive_seed(0, "order", 1, 0),
    }
    assert len(seeds) == 6


def test_derive_seed_is_the_same_in_every_process_and_fits_31_bits() -> None:
    assert derive_seed(0, "order", 1) == derive_seed(0, "order", 1)
    assert all(0 <= derive_seed(seed, "weights") < 2**31 for seed in range(100))
