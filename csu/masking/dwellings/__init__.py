"""What stands in a commune: buildings from public maps (GeoPackage, GeoJSON, CityJSON), as the masks need them.

In: a file of the IGN BD TOPO layout, of OpenStreetMap or in CityJSON. Out: `Dwellings`, buildings in local metres
around an origin of the commune, in a file that knows its own sum. What is not known is masked; what is broken is
refused.
"""

from csu.masking.dwellings.frame import LocalFrame
from csu.masking.dwellings.heights import GroundRange
from csu.masking.dwellings.importing import Imported, Progress, import_buildings
from csu.masking.dwellings.kept import Dwellings, load_buildings, save_buildings
from csu.masking.dwellings.page import import_page
from csu.masking.dwellings.refusal import DwellingsRefused
from csu.masking.dwellings.tally import ImportTally, UseCount

__all__ = [
    "Dwellings",
    "DwellingsRefused",
    "GroundRange",
    "ImportTally",
    "Imported",
    "LocalFrame",
    "Progress",
    "UseCount",
    "import_buildings",
    "import_page",
    "load_buildings",
    "save_buildings",
]
