"""Numbers through noise are checked against integrals done by hand, drawing against networks whose weights say nothing."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from trasunto.networks.flow import Field, Form, field_of, network
from trasunto.networks.flow_draw import Source
from trasunto.networks.flow_scale import Scale, chances, cuts, drawn, means, scale_of, seen

torch = pytest.importorskip("torch")


def source(fields, steps=16, **changes):
    """A source whose network knows what each column is like by itself and nothing else."""
    form = Form(tuple(fields))
    rows = np.concatenate([np.zeros((0, form.digits), dtype=np.int16)])
    net = network(form, rows, width=8, hidden=8, blocks=1, seed=0)
    weights = {name: each.detach().clone() for name, each in net.items()}
    for name in ("out", "tilt"):
        weights[name].zero_()
    shares = [each.choice.shares for each in fields if each.choice is not None and each.choice.levels == 1]
    if shares:
        weights["shares"] = torch.from_numpy(np.log(np.concatenate(shares)).astype(np.float32))
    return Source(form, {**weights, **changes}, steps, window=0.5, candidates=8, half=False)


def on_a_line(size=200):
    return Field(None, scale_of(np.ones(size, dtype=int), np.arange(size)), np.zeros(size, dtype=np.int32))


class TestScale:
    def test_scores_are_standard_normal_and_lead_back_to_their_codes(self):
        rng = np.random.default_rng(0)
        scale = Scale(np.array([2, 3, 7], dtype=np.int32), np.array([0.2, 0.5, 0.3]))
        places = rng.choice(3, 4000, p=scale.shares)
        scores = scale.score(places, rng.random(4000))
        assert kstest(scores, "norm").pvalue > 0.01
        assert (scale.code(scores) == scale.codes[places]).mean() > 0.999
        assert scale.code(np.array([-9.0, 9.0])).tolist() == [2, 7]

    @pytest.mark.parametrize(("value", "level"), [(0.3, 0.0), (-1.0, 0.6), (2.5, 0.98)])
    def test_chances_and_means_are_those_of_the_integral(self, value, level):
        grid = np.linspace(-8, 8, 400_001)
        density = norm.pdf(grid) * norm.pdf(value, level * grid, np.sqrt(1 - level**2))
        ends = cuts(8)
        of = np.searchsorted(ends[1:-1], grid)
        mass = np.bincount(of, density, minlength=8)
        at = torch.tensor([value], dtype=torch.float64), torch.tensor([level], dtype=torch.float64)
        found = chances(*at, torch.from_numpy(ends)).exp()[0].numpy()
        assert found == pytest.approx(mass / mass.sum(), abs=1e-4)
        likely = found > 1e-6
        by_hand = (np.bincount(of, density * grid, minlength=8) / mass)[likely]
        assert means(*at, torch.from_numpy(ends))[0].numpy()[likely] == pytest.approx(by_hand, abs=1e-3)

    def test_places_drawn_in_intervals_drawn_are_those_of_the_score_given_what_is_seen(self):
        rng = np.random.default_rng(1)
        ends, level = torch.from_numpy(cuts(16)), torch.full((4000,), 0.8, dtype=torch.float64)
        x = torch.full((4000,), 1.1, dtype=torch.float64)
        shares = chances(x[:1], level[:1], ends).exp()[0].numpy()
        bins = torch.from_numpy(rng.choice(16, 4000, p=shares / shares.sum()))
        found = drawn(x, level, bins, ends, torch.from_numpy(rng.random(4000))).numpy()
        assert kstest(found, norm(0.8 * 1.1, 0.6).cdf).pvalue > 0.01

    def test_an_interval_that_is_all_but_ruled_out_gives_a_number_in_it(self):
        ends = torch.from_numpy(cuts(16).astype(np.float32))
        x, level = torch.tensor([3.0, -3.0]), torch.tensor([0.9995, 0.9995])
        found = drawn(x, level, torch.tensor([0, 15]), ends, torch.tensor([0.5, 0.5]))
        assert found[0] <= ends[1] and found[1] >= ends[15] and torch.isfinite(found).all()

    def test_what_is_seen_is_standard_normal_at_every_level(self):
        generator = torch.Generator().manual_seed(0)
        z, e = torch.randn(2, 4000, generator=generator)
        for level in (0.0, 0.3, 0.9, 1.0):
            assert kstest(seen(z, torch.tensor(level), e).numpy(), "norm").pvalue > 0.01


class TestFields:
    def test_frequent_codes_of_a_number_and_its_gaps_are_choices_and_the_rest_is_on_a_line(self):
        counts = np.ones(100, dtype=int)
        counts[40] = 500
        field = field_of(counts, ordered=True, base=32, null=True)
        assert field.code_of.tolist() == [40, 99, -1]
        assert len(field.line.codes) == 98 and not {40, 99} & set(field.line.codes.tolist())
        assert (field.place_of >= 0).sum() == 98
        mask = np.zeros(100, dtype=bool)
        mask[[0, 1, 40]] = True
        assert field.open(mask) == pytest.approx([1, 0, 2 / 98])

    def test_words_are_digits_however_many_they_are(self):
        field = field_of(np.arange(5000), ordered=False, base=64, null=False)
        assert field.line is None and max(field.choice.widths) <= 64
        assert len(np.unique(field.choice.paths, axis=0)) == 5000

    def test_columns_are_revealed_around_their_place_and_digits_in_turn(self):
        wide = field_of(np.ones(300, dtype=int), ordered=False, base=32, null=False)
        form = Form((wide, field_of(np.ones(3, dtype=int), ordered=False, base=32, null=False), wide))
        rng = np.random.default_rng(0)
        fixed = form.ranks(200, 0.0, 0.0, rng).argsort(axis=1)
        assert (fixed == np.arange(form.digits)).all()
        loose = form.ranks(2000, 1.0, 0.0, rng)
        assert (loose[:, 1] > loose[:, 0]).all() and (np.diff(loose[:, -2:], axis=1) > 0).all()
        assert abs((loose[:, 0] > loose[:, -1]).mean() - 0.5) < 0.05


class TestDrawing:
    @pytest.mark.parametrize("steps", [2, 5, 16])
    def test_numbers_that_nothing_ties_keep_their_distribution_in_any_number_of_steps(self, steps):
        known = np.full((3000, 2), -1)
        made = source([on_a_line(), on_a_line()], steps).draw(known, {}, 1.0, np.random.default_rng(0))
        for codes in made.T:
            # The first order alone would draw the ends in by an eighth in 16 steps.
            assert kstest((codes + 0.5) / 200, "uniform").statistic < (0.06 if steps < 16 else 0.04)
        assert abs(np.corrcoef(made.T)[0, 1]) < 0.06

    def test_choices_keep_their_shares_and_what_is_known_stays(self):
        counts = np.array([700, 200, 100])
        word = field_of(counts, ordered=False, base=8, null=False)
        known = np.full((4000, 2), -1)
        known[:50, 0] = 2
        made = source([word, on_a_line()]).draw(known, {}, 1.0, np.random.default_rng(0))
        assert (made[:50, 0] == 2).all()
        assert np.bincount(made[50:, 0]) / 3950 == pytest.approx(counts / 1000, abs=0.03)

    def test_codes_of_a_number_that_are_ruled_out_are_not_drawn_and_the_others_keep_their_shares(self):
        counts = np.ones(100, dtype=int)
        counts[40] = 100
        field = field_of(counts, ordered=True, base=16, null=False)
        mask = np.zeros(100, dtype=bool)
        mask[30:50] = True
        made = source([field, on_a_line()]).draw(np.full((3000, 2), -1), {0: mask}, 1.0, np.random.default_rng(0))
        assert mask[made[:, 0]].all()
        # 100 of the 119 rows between these are at the spike; one in eight candidates is kept, so not exactly.
        assert (made[:, 0] == 40).mean() == pytest.approx(100 / 119, abs=0.04)
        mask[40] = False
        assert np.bincount(made[:, 0], minlength=100)[mask].min() > 5

    def test_nothing_to_draw_is_no_row(self):
        assert source([on_a_line()]).draw(np.empty((0, 1)), {}, 1.0, np.random.default_rng(0)).shape == (0, 1)
