"""Who tests the tester: a loader that lets through what it is there to stop must fail the test that is there for it."""

from __future__ import annotations

import inspect
from hashlib import sha256

import numpy as np
import pytest

from csu.detection.models import model_file, moving_objects, network, runtimes
from tests.detection.models import test_model_file, test_moving_objects, test_regions

Patch = pytest.MonkeyPatch


def any_weights_will_do(patch: Patch) -> None:
    def read(file, model):
        return file.path.read_bytes()

    patch.setattr(runtimes, "read_weights", read)


def weights_are_compared_by_their_first_bytes(patch: Patch) -> None:
    patch.setattr(model_file, "sha256", lambda content: sha256(content[:-1] + b"\0"))


def programs_are_read(patch: Patch) -> None:
    patch.setattr(model_file, "PROGRAMS", (b"never",))


def labels_are_not_asked(patch: Patch) -> None:
    patch.setattr(model_file, "first_refused", lambda names: None)


def only_the_labels_that_are_used_are_asked(patch: Patch) -> None:
    def refuse(told, path):
        assert not set(told.classes) & {"face"}

    patch.setattr(model_file, "_refuse_forbidden", refuse)


def outputs_are_not_asked(patch: Patch) -> None:
    patch.setattr(runtimes, "first_refused", lambda names: None)


def the_gpu_is_forgotten(patch: Patch) -> None:
    patch.setattr(runtimes, "providers_of", lambda available: [runtimes.CPU])


def all_around_a_region_is_told(patch: Patch) -> None:
    patch.setattr(network, "_belongs", lambda boxes, regions: np.ones(len(boxes), np.bool_))


def a_piece_is_another_person(patch: Patch) -> None:
    real = network.kept_boxes
    patch.setattr(network, "kept_boxes", lambda b, s, c, cut, look: real(b, s, c, np.zeros_like(cut), look))


def people_are_vehicles_too(patch: Patch) -> None:
    patch.setattr(moving_objects, "_covered", lambda shape, found: 0.0)


def what_is_half_in_view_is_all_there(patch: Patch) -> None:
    patch.setattr(moving_objects._Seen, "_cut", lambda self, shape: (False, False))


MUTANTS = [
    (any_weights_will_do, test_model_file.test_weights_that_are_not_the_named_ones_are_never_handed_to_a_library, {}),
    (
        weights_are_compared_by_their_first_bytes,
        test_model_file.test_weights_that_are_not_the_named_ones_are_never_handed_to_a_library,
        {},
    ),
    (programs_are_read, test_model_file.test_a_program_in_a_networks_name_is_not_run, {"content": b"PK\x03\x04 torch"}),
    (
        labels_are_not_asked,
        test_model_file.test_a_network_that_tells_more_of_a_person_than_that_he_is_one_is_refused,
        {"label": "face"},
    ),
    (
        only_the_labels_that_are_used_are_asked,
        test_model_file.test_a_network_that_tells_more_of_a_person_than_that_he_is_one_is_refused,
        {"label": "face"},
    ),
    (labels_are_not_asked, test_model_file.test_a_network_that_reads_plates_is_refused, {"label": "LicensePlate"}),
    (
        outputs_are_not_asked,
        test_model_file.test_a_network_that_computes_such_a_thing_beside_its_boxes_is_refused,
        {"output": "embeddings"},
    ),
    (the_gpu_is_forgotten, test_model_file.test_a_session_is_made_for_the_gpu_with_one_thread, {}),
    (all_around_a_region_is_told, test_regions.test_nothing_outside_the_regions_is_told_and_no_region_is_no_look, {}),
    (a_piece_is_another_person, test_regions.test_who_stands_on_the_seam_is_one_person_and_whole, {}),
    (people_are_vehicles_too, test_moving_objects.test_persons_that_cover_a_shape_are_persons_and_no_car, {}),
    (
        what_is_half_in_view_is_all_there,
        test_moving_objects.test_a_bus_that_drives_in_is_nothing_before_it_is_wholly_in_view,
        {},
    ),
]
model = test_regions.model


@pytest.mark.parametrize(("plant", "found_by", "given"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, found_by, given, request, monkeypatch):
    wanted = [name for name in inspect.signature(found_by).parameters if name not in given]
    fixtures = {name: request.getfixturevalue(name) for name in wanted}
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        found_by(**fixtures, **given)
