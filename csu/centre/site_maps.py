"""The buildings of a site's map files: all of one origin, which is the site's, or none of them."""

from __future__ import annotations

from dataclasses import replace

from csu.hal.errors import BadInput
from csu.hal.site import Site
from csu.hal.words import Words
from csu.masking.dwellings import load_buildings


def with_maps(site: Site) -> Site:
    """The site with the buildings of its maps. Blocks. Raises DwellingsRefused; BadInput for two origins."""
    if not site.maps:
        return site
    maps = [load_buildings(path) for path in site.maps]
    for path, each in zip(site.maps, maps, strict=True):
        if each.frame != maps[0].frame:
            raise BadInput(
                Words("une autre origine que celle du premier plan", "another origin than that of the first map"),
                where=str(path),
                what_to_do=Words("Importez-les avec le même --origin", "Import them with the same --origin"),
            )
    buildings = (*site.buildings, *(building for each in maps for building in each.buildings))
    return replace(site, buildings=buildings, origin_deg=(maps[0].frame.lon_deg, maps[0].frame.lat_deg))
